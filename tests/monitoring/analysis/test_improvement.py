"""The course of an improvement."""

import pytest

from monitoring.analysis.improvement import BY_MEMBER, WATCHED, Standing, may_become
from monitoring.models import ImprovementStatus


def test_the_words_are_those_of_the_table() -> None:
    assert {one.value for one in Standing} == set(ImprovementStatus.values)


@pytest.mark.parametrize("standing", Standing)
def test_nothing_is_a_dead_end_and_nothing_stays_by_a_step(standing: Standing) -> None:
    assert BY_MEMBER[standing]
    assert not may_become(standing, standing)


def test_measuring_closes_and_reopens_and_plans_nothing() -> None:
    assert may_become("released", "helped", by_measuring=True)
    assert may_become("helped", "reopened", by_measuring=True)
    assert not may_become("planned", "helped", by_measuring=True)
    assert not may_become("no_help", "helped", by_measuring=True)
    assert {Standing.RELEASED, Standing.HELPED} == WATCHED


def test_what_was_never_released_cannot_have_helped() -> None:
    assert not may_become("planned", "helped")
    assert not may_become("reopened", "no_help")
