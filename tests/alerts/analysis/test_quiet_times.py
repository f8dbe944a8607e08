"""Quiet hours by the clock, over midnight and summer time; silences that come again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.analysis.quiet_times import QuietHours, Times

NIGHT = {"zone": "Europe/Berlin", "from": "22:00", "to": "07:00"}
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_night_ends_in_the_morning() -> None:
    hours = QuietHours.from_document(NIGHT)
    assert hours.until("info", at("2026-08-12T19:59")) is None
    assert hours.until("info", at("2026-08-12T20:00")) == at("2026-08-13T05:00")
    assert hours.until("info", at("2026-08-13T04:59")) == at("2026-08-13T05:00")
    assert hours.until("info", at("2026-08-13T05:00")) is None


def test_summer_time_moves_the_end_by_the_clock() -> None:
    hours = QuietHours.from_document(NIGHT)
    # In the night to 25 October 2026 clocks go back: 07:00 is an hour later in UTC.
    assert hours.until("info", at("2026-10-24T21:00")) == at("2026-10-25T06:00")
    # In the night to 29 March 2026 they go forward.
    assert hours.until("info", at("2026-03-28T22:00")) == at("2026-03-29T05:00")


def test_only_some_severities_and_days_are_quiet() -> None:
    hours = QuietHours.from_document({**NIGHT, "days": [5, 6], "severities": ["info"]})
    saturday, sunday_night = at("2026-08-15T21:00"), at("2026-08-17T01:00")
    assert hours.until("info", saturday) is not None
    assert hours.until("critical", saturday) is None
    assert hours.until("info", sunday_night) == at("2026-08-17T05:00")
    assert hours.until("info", at("2026-08-17T21:00")) is None


def test_a_whole_day() -> None:
    hours = QuietHours.from_document({"zone": "UTC", "from": "00:00", "to": "00:00", "days": [5]})
    assert hours.until("info", at("2026-08-15T12:00")) == at("2026-08-16T00:00")
    assert not hours.is_always
    assert QuietHours.from_document({"from": "00:00", "to": "00:00"}).is_always


@pytest.mark.parametrize(
    "wrong", [{"zone": "Mars/Base"}, {"from": "25:00"}, {"days": [7]}, {"to": "soon"}, {"to": "07:00+02:00"}]
)
def test_nonsense_is_refused(wrong) -> None:
    with pytest.raises(ValueError, match=r".+"):
        QuietHours.from_document({**NIGHT, **wrong})


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
    st.times(),
    st.times(),
)
def test_quiet_hours_end_later_than_now_and_within_a_day(now, zone, start, end) -> None:
    told = {"zone": zone, "from": start.isoformat("minutes"), "to": end.isoformat("minutes")}
    until = QuietHours.from_document(told).until("info", now)
    if until is not None:
        assert now < until <= now + timedelta(hours=25)


def test_a_silence_is_in_force_half_open() -> None:
    times = Times(at("2026-08-12T10:00"), at("2026-08-12T12:00"))
    assert times.until(at("2026-08-12T10:00")) == at("2026-08-12T12:00")
    assert times.until(at("2026-08-12T12:00")) is None
    assert times.next_end(at("2026-08-12T09:00")) == at("2026-08-12T12:00")
    assert times.next_end(at("2026-08-12T12:00")) is None


def test_a_recurring_one_is_in_force_after_each_tick() -> None:
    # Saturdays at 02:00 in Berlin, for an hour.
    times = Times(at("2026-08-01T00:00"), at("2026-12-31T00:00"), "0 2 * * 6", "Europe/Berlin", HOUR)
    assert times.until(at("2026-08-15T00:00")) == at("2026-08-15T01:00")
    assert times.until(at("2026-08-15T01:00")) is None
    assert times.until(at("2026-08-14T00:30")) is None
    assert times.next_end(at("2026-08-14T00:30")) == at("2026-08-15T01:00")
    assert times.next_end(at("2026-08-15T01:00")) == at("2026-08-22T01:00")
    assert times.until(at("2026-11-07T01:30")) == at("2026-11-07T02:00")


def test_a_recurring_one_is_over_with_its_end() -> None:
    times = Times(at("2026-08-01T00:00"), at("2026-08-15T00:30"), "0 2 * * 6", "Europe/Berlin", HOUR)
    assert times.until(at("2026-08-15T00:10")) == at("2026-08-15T00:30")
    assert times.next_end(at("2026-08-15T00:30")) is None


def test_in_the_night_that_has_an_hour_twice_it_is_in_force_once() -> None:
    # 02:30 comes at 00:30 and at 01:30 UTC on 25 October; the first time counts, for 15 minutes.
    times = Times(at("2026-10-01T00:00"), at("2026-12-31T00:00"), "30 2 * * *", "Europe/Berlin", HOUR / 4)
    assert times.until(at("2026-10-25T00:35")) == at("2026-10-25T00:45")
    assert times.until(at("2026-10-25T01:35")) is None
    assert times.next_end(at("2026-10-25T01:35")) == at("2026-10-26T01:45")
