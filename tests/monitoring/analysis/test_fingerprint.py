"""Errors that differ in numbers, ids, quotes, addresses and times are one error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.fingerprint import MAX_LENGTH, normalise_error


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("no answer after 30.5 s", "no answer after <n> s"),
        ("GET https://api.example.com/v1/x?id=3 gave 502", "GET <url> gave <n>"),
        ("run 3f2504e0-4f89-11d3-9a0c-0305e82c3301 is gone", "run <id> is gone"),
        ("due at 2026-08-12T10:00:00Z, now 10:00:01", "due at <time>, now <time>"),
        ("no field 'age' in \"row\"", "no field <text> in <text>"),
        ("object 0x7f3a at deadbeef01", "object <hex> at <hex>"),
        ("can't do it, won't try", "can't do it, won't try"),
        ("two\n  lines", "two lines"),
    ],
)
def test_what_differs_is_replaced(message: str, expected: str) -> None:
    assert normalise_error(None, message) == expected


def test_the_type_comes_first_and_once() -> None:
    assert normalise_error("ValueError", "bad 1") == "ValueError: bad <n>"
    assert normalise_error("ValueError", "ValueError: bad 1") == "ValueError: bad <n>"
    assert normalise_error("ValueError", None) == "ValueError"
    assert normalise_error(None, None) == ""


@given(st.text(max_size=400), st.text(max_size=30) | st.none())
def test_the_result_is_short_and_one_line(message: str, kind: str | None) -> None:
    assert len(normalise_error(kind, message)) <= MAX_LENGTH
    assert "\n" not in normalise_error(None, message)
