"""Error texts of the real world, a line each in `error_texts.jsonl`: [kind, type, message]."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.error_kinds import MAX_READ, ErrorKind, classify, status_kind

TEXTS = [json.loads(line) for line in Path(__file__).with_name("error_texts.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(("kind", "type", "message"), TEXTS)
def test_kind_of_a_text(kind: str, type: str | None, message: str | None) -> None:
    assert classify(type, message).kind == kind


def test_every_kind_has_texts() -> None:
    assert {kind for kind, _type, _message in TEXTS} == set(ErrorKind)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, None),
        (400, ErrorKind.BAD_REQUEST),
        (401, ErrorKind.AUTH),
        (404, ErrorKind.NOT_FOUND),
        (422, ErrorKind.SCHEMA),
        (429, ErrorKind.RATE_LIMIT),
        (500, ErrorKind.SERVER_ERROR),
        (504, ErrorKind.TIMEOUT),
        (529, ErrorKind.SERVER_ERROR),
    ],
)
def test_status(status: int, kind: ErrorKind | None) -> None:
    assert status_kind(status) is kind
    assert classify(None, None, status).kind is (kind or ErrorKind.UNKNOWN)


def test_the_part_that_says_so_is_told() -> None:
    assert classify("KeyError", "'id'").matched == "KeyError"
    assert classify(None, "status code: 503").matched == "503"


def test_a_number_that_is_no_status_says_nothing() -> None:
    assert classify(None, "order 503 lost its way").kind is ErrorKind.UNKNOWN


def test_the_end_of_a_long_trace_is_read_and_its_middle_is_not() -> None:
    trace = "Traceback (most recent call last):\n" + '  File "x.py", line 1\n' * 1000
    assert classify(None, f"{trace}KeyError: 'id'").kind is ErrorKind.CODE
    assert classify(None, f"{trace}KeyError: 'id'\n{'x' * MAX_READ}").kind is ErrorKind.UNKNOWN


@given(st.text(max_size=300), st.text(max_size=3000))
def test_any_text_has_a_kind(type: str, message: str) -> None:
    assert classify(type, message).kind in ErrorKind
