"""Success criteria: what is met, what is not, what cannot be told; which expressions are refused; hostile ones."""

import time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.analysis.criteria import (
    MAX_CRITERIA,
    MAX_READINGS,
    MAX_SHOWN,
    Criterion,
    Outcome,
    check,
    expression_fault,
    facts,
    judge,
    readings,
    shown,
)
from tests.monitoring.analysis.test_expressions import BIG, HOSTILE

TOLD = facts(
    {"output": {"number": "A-17", "lines": [{"total": 3}, {"total": 0}], "empty": []}, "tags": {"tier": "gold"}},
    duration_ms=1200.0,
    cost_usd=Decimal("0.25"),
    tokens=None,
    steps=0,
)


@pytest.mark.parametrize(
    ("expression", "outcome"),
    [
        ("output.number", Outcome.MET),
        ("output.missing", Outcome.NOT_MET),
        ("output.empty", Outcome.NOT_MET),
        ("input", Outcome.NOT_MET),
        ("steps", Outcome.MET),
        ("output.lines[0].total > `2` && tags.tier == 'gold'", Outcome.MET),
        ("length(output.lines[?total > `0`]) > `1`", Outcome.NOT_MET),
        ("duration_ms < `1000`", Outcome.NOT_MET),
        ("cost_usd <= `0.25`", Outcome.MET),
        ("tokens < `1000`", Outcome.CANNOT_TELL),
        ("output.number || tokens > `1`", Outcome.MET),
        ("not_null(tokens, `0`) < `10`", Outcome.CANNOT_TELL),
        ("starts_with(steps, 'A')", Outcome.CANNOT_TELL),
    ],
)
def test_what_an_expression_says(expression: str, outcome: Outcome) -> None:
    assert check(expression, TOLD).outcome is outcome


def test_what_cannot_be_told_says_why() -> None:
    assert check("tokens < `1000`", TOLD).reason == "looks at tokens, which nobody told"
    assert "starts_with() takes text, and was given a number" in check("starts_with(steps, 'A')", TOLD).reason
    big = facts({"output": list(range(10_000))}, duration_ms=1.0, cost_usd=None, tokens=1, steps=1)
    assert "5,000 steps" in check("length(output) > `1`", big).reason


def _criteria(*expressions: str) -> list[Criterion]:
    return [Criterion(UUID(int=number), f"c{number}", text) for number, text in enumerate(expressions)]


@pytest.mark.parametrize(
    ("expressions", "is_unmet", "unmet"),
    [
        ((), None, ()),
        (("output.number", "steps"), False, ()),
        (("output.number", "input", "output.missing"), True, (1, 2)),
        (("tokens > `1`", "output.number"), None, ()),
        (("tokens > `1`", "input"), True, (1,)),
    ],
)
def test_what_several_say_together(expressions: tuple[str, ...], is_unmet: bool | None, unmet: tuple[int, ...]) -> None:
    found = judge(_criteria(*expressions), TOLD)
    assert (found.is_unmet, found.unmet) == (is_unmet, tuple(UUID(int=number) for number in unmet))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "is empty"),
        ("a" * 501, "at most 500 characters"),
        ("output[", "not a JMESPath"),
        ("nope(output)", "no function"),
        ("number > `1`", "reads number, which an execution does not have; it has output, input"),
        ("status == 'ok'", "reads status"),
        ("!output.error", "write !(a.b)"),
        ("(" * 240 + "output" + ")" * 240, "deep"),
    ],
)
def test_expressions_that_are_refused(text: str, part: str) -> None:
    assert part in expression_fault(text)


@pytest.mark.parametrize("text", ["output", "!(output.error)", "length(keys(@)) > `1`", "output.items[*].x | [0]"])
def test_expressions_that_are_taken(text: str) -> None:
    assert expression_fault(text) == ""


def test_readings_are_the_paths_with_their_values() -> None:
    assert readings("output.lines[0].total > `2` && duration_ms < `9` || output.lines[5].x", TOLD) == [
        ("output.lines[0].total", "3"),
        ("duration_ms", "1200"),
        ("output.lines[5].x", "null"),
    ]
    assert readings("length(output.lines[?total > `1`])", TOLD) == [
        ("output.lines", '[{"total": 3}, {"total": 0}]'),
    ]
    assert len(readings("[output, input, tags, steps, tokens]", TOLD)) == MAX_READINGS
    assert len(shown("x" * 10_000_000)) == MAX_SHOWN + 1


@pytest.mark.parametrize("value", BIG, ids=["objects", "lists", "text", "keys"])
def test_ten_hostile_criteria_end_soon(value: Any) -> None:
    told = facts({"output": value}, duration_ms=1.0, cost_usd=None, tokens=None, steps=1)
    for first in range(0, len(HOSTILE), MAX_CRITERIA):
        before = time.thread_time()
        judge(_criteria(*HOSTILE[first : first + MAX_CRITERIA]), told)
        assert time.thread_time() - before < 0.5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(output=JSON, text=st.text("outp.*[]@&|()'`0=?{}:,!_<", max_size=14) | st.just("output"))
def test_any_expression_on_any_output_gives_an_outcome(output: Any, text: str) -> None:
    told = facts({"output": output}, duration_ms=None, cost_usd=None, tokens=None, steps=1)
    fault = expression_fault(text)
    found = check(text, told)
    assert found.outcome in Outcome
    assert all(isinstance(value, str) for _, value in readings(text, told))
    if fault and "reads" not in fault and "!a.b" not in fault:
        assert found.outcome is Outcome.CANNOT_TELL
