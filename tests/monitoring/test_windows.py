"""Windows: what an address means, and the edges that figures have."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.windows import HOUR, MINUTE, Window, ceil_to, floor_to, minute_floor, parse_instant, parse_window

NOW = datetime(2026, 8, 12, 17, 16, 42, 123456, tzinfo=UTC)
moments = st.datetimes(datetime(1995, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}:00+00:00")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("now-90m", NOW - timedelta(minutes=90)),
        ("now-7d", NOW - timedelta(days=7)),
        ("2026-08-01", datetime(2026, 8, 1, tzinfo=UTC)),
        ("2026-08-01T12:00:00+02:00", datetime(2026, 8, 1, 10, tzinfo=UTC)),
        ("yesterday", None),
        ("now-5w", None),
        ("now-99999d", None),
        ("1970-01-01", None),
        ("2101-01-01", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("", None),
    ],
)
def test_parse_instant(text: str, expected: datetime | None) -> None:
    assert parse_instant(text, NOW) == expected


@pytest.mark.parametrize(
    ("from_text", "to_text", "start", "end"),
    [
        # Under a day in whole minutes, else in whole hours; widened, never narrowed.
        ("now-1h", None, at("08-12T16:16"), at("08-12T17:17")),
        ("now-24h", None, at("08-11T17:00"), at("08-12T18:00")),
        ("now-30d", "now", at("07-13T17:00"), at("08-12T18:00")),
        # Minutes of three days ago are kept no longer.
        ("2026-08-09T10:20", "2026-08-09T11:20", at("08-09T10:00"), at("08-09T12:00")),
        ("2026-08-12T10:20", "2026-08-12T11:20", at("08-12T10:20"), at("08-12T11:20")),
        # What cannot be read is the last seven days.
        ("rubbish", None, at("08-05T17:00"), at("08-12T18:00")),
        ("now", "now-1d", at("08-05T17:00"), at("08-12T18:00")),
    ],
)
def test_parse_window(from_text: str, to_text: str | None, start: datetime, end: datetime) -> None:
    window = parse_window(from_text, to_text, NOW)
    assert (window.start, window.end) == (start, end)


def test_an_address_keeps_its_own_words() -> None:
    window = parse_window("now-30d", None, NOW)
    assert (window.from_text, window.to_text) == ("now-30d", "now")


@pytest.mark.parametrize("text", ["now-1h", "now-23h", "now-24h", "now-7d"])
def test_the_previous_window_ends_where_this_one_starts(text: str) -> None:
    window = parse_window(text, None, NOW)
    previous = window.previous().aligned()
    assert previous.end == window.start
    assert previous.length == window.length


@given(moments, st.timedeltas(timedelta(seconds=1), timedelta(days=400)), moments)
def test_aligning_widens_to_the_precision_and_only_once(start: datetime, length: timedelta, now: datetime) -> None:
    window = Window(start, start + length, minutes_from=minute_floor(now))
    aligned = window.aligned()
    assert aligned.aligned() == aligned
    assert aligned.start <= window.start < window.end <= aligned.end
    assert aligned.length - window.length < 2 * aligned.precision
    assert aligned.precision in (MINUTE, HOUR)
    assert aligned.precision == HOUR or aligned.start >= window.minutes_from


@given(moments, st.sampled_from([MINUTE, HOUR, timedelta(days=7)]))
def test_buckets(moment: datetime, length: timedelta) -> None:
    start = floor_to(moment, length)
    assert start <= moment < start + length
    assert ceil_to(moment, length) in (start, start + length)
    assert floor_to(start, length) == ceil_to(start, length) == start


def test_weeks_start_on_mondays() -> None:
    assert floor_to(NOW, timedelta(days=7)) == datetime(2026, 8, 10, tzinfo=UTC)
