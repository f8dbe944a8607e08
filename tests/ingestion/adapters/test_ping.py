"""What a ping says, before anything is looked up."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ingestion.adapters.ping import (
    CUT,
    KnownRun,
    Signal,
    id_of_rid,
    limit_of,
    own_prefix,
    read_rid,
    read_signal,
    to_records,
)
from ingestion.adapters.refusals import Undecodable
from monitoring.statuses import Status

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOURCE = UUID(int=7)


@pytest.mark.parametrize(
    ("told", "status", "code"),
    [
        ("", Status.SUCCEEDED, None),
        ("start", Status.RUNNING, None),
        ("fail", Status.FAILED, None),
        ("0", Status.SUCCEEDED, 0),
        ("1", Status.FAILED, 1),
        ("255", Status.FAILED, 255),
    ],
)
def test_words_and_exit_codes(told: str, status: Status, code: int | None) -> None:
    assert read_signal(told) == Signal(status, code)


@pytest.mark.parametrize("told", ["256", "-1", "1.5", "stop", "0x1", "٣", "1000", " "])
def test_anything_else_is_refused(told: str) -> None:
    with pytest.raises(Undecodable):
        read_signal(told)


def test_a_rid_is_a_uuid_in_any_spelling() -> None:
    text = "6f4ad1c5-0a7c-4c5e-9d6e-6f8e3f2a1b00"
    assert read_rid(text.upper()) == read_rid(text.replace("-", "")) == text
    assert read_rid(None) is read_rid("") is None
    with pytest.raises(Undecodable):
        read_rid("today")


def test_runs_with_a_rid_are_never_closed_by_a_ping_without() -> None:
    assert not id_of_rid(SOURCE, "r").startswith(own_prefix(SOURCE))


def test_output_is_kept_to_ten_kilobytes() -> None:
    def message(body: bytes) -> str | None:
        logs = to_records(Signal(Status.SUCCEEDED), KnownRun("r"), "w", body, NOW).reports[0][1].logs
        return logs[0].message if logs else None

    assert message(b"") is message(b"\n") is None
    assert message(b"line\n  next\n") == "line\n  next"
    assert message(b"a\0\xffb") == "a␀\ufffdb"
    assert message(b"x" * 10_001) == "x" * 10_000 + CUT


def test_what_is_over_is_not_told_again() -> None:
    decoded = to_records(Signal(Status.FAILED), KnownRun("r", is_over=True), "w", b"x", NOW)
    assert (decoded.reports, decoded.ignored) == ([], 1)


def test_an_exit_code_is_the_error() -> None:
    ((_, report),) = to_records(Signal(Status.FAILED, 3), KnownRun("r"), "w", b"", NOW).reports
    assert report.error is not None
    assert (report.error.message, report.attributes, report.finished_at) == ("exit code 3", {"exit_code": 3}, NOW)


@pytest.mark.parametrize("told", [None, "x", True, -1, 0, 10**12])
def test_the_limit_is_a_day_unless_it_was_told(told: object) -> None:
    assert limit_of({"run_limit_seconds": 60}) == timedelta(minutes=1)
    assert limit_of({"run_limit_seconds": told}) == timedelta(days=1)
