"""Told schedules: read, due over changes of the clock, and compared with the starts that came."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.schedule import Schedule, UnreadableSchedule, compare, due_between, read_schedule
from monitoring.analysis.triggers import Start, read_triggers

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
FIRST = datetime(2026, 8, 3, tzinfo=UTC)
HOURLY = Schedule("0 * * * *")


def due(cron: str, start: datetime, hours: int, zone: str = "Europe/Berlin") -> list[str]:
    """What is due in so many hours, in UTC."""
    return [f"{at:%d %H:%M}" for at in due_between(read_schedule(cron, zone), start, start + hours * HOUR)]


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        # 02:30 does not exist on 29 March: it is due when the clock is three, 01:00 UTC.
        ("30 2 * * *", ["29 01:00"]),
        ("0 2,3 * * *", ["29 01:00"]),
        ("0 * * * *", ["28 23:00", "29 00:00", "29 01:00", "29 02:00"]),
        (
            "*/30 * * * *",
            [f"{d} {h}:{m}" for d, h in (("28", "23"), *(("29", f"0{n}") for n in range(3))) for m in ("00", "30")],
        ),
        ("0 6 * * *", []),
    ],
)
def test_in_spring_an_hour_is_left_out(cron: str, expected: list[str]) -> None:
    assert due(cron, datetime(2026, 3, 28, 23, tzinfo=UTC), 4) == expected


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        # 02:30 comes twice on 25 October, at 00:30 and 01:30 UTC: it is due the first time alone.
        ("30 2 * * *", ["25 00:30"]),
        ("0 2,3 * * *", ["25 00:00", "25 02:00"]),
        ("0 * * * *", ["24 23:00", "25 00:00", "25 01:00", "25 02:00"]),
        ("0 6 * * *", []),
    ],
)
def test_in_autumn_an_hour_comes_twice(cron: str, expected: list[str]) -> None:
    assert due(cron, datetime(2026, 10, 24, 23, tzinfo=UTC), 4) == expected


def test_six_in_the_morning_moves_by_an_hour_in_utc() -> None:
    assert due("0 6 * * *", datetime(2026, 3, 28, tzinfo=UTC), 48) == ["28 05:00", "29 04:00"]
    assert due("0 6 * * *", datetime(2026, 10, 24, tzinfo=UTC), 48) == ["24 04:00", "25 05:00"]
    assert due("0 6 * * *", datetime(2026, 10, 24, tzinfo=UTC), 48, zone="") == ["24 06:00", "25 06:00"]


@pytest.mark.parametrize(("month", "day"), [(3, 28), (10, 24)])
@pytest.mark.parametrize("cron", ["30 2 * * *", "*/20 * * * *", "0 */6 * * *", "15 1-3 * * *"])
def test_a_scheduler_that_keeps_it_through_a_change_misses_nothing(month: int, day: int, cron: str) -> None:
    schedule, start = read_schedule(cron, "Europe/Berlin"), datetime(2026, month, day, tzinfo=UTC)
    came = [at + timedelta(seconds=5) for at in due_between(schedule, start, start + 72 * HOUR)]
    kept = compare(schedule, came, start, start + 72 * HOUR)
    assert (kept.missed_at, set(kept.late_ms)) == ([], {5_000.0})
    assert kept.expected in (len(came), len(came) - 1)


@given(start=st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)), hours=st.integers(1, 72), cut=st.integers(0, 72))
def test_it_does_not_matter_where_a_stretch_is_cut(start: datetime, hours: int, cut: int) -> None:
    begin = start.replace(tzinfo=UTC)
    middle, end = begin + min(cut, hours) * HOUR, begin + hours * HOUR
    for cron in ("30 2 * * *", "0 * * * *"):
        schedule = read_schedule(cron, "Europe/Berlin")
        both = [*due_between(schedule, begin, middle), *due_between(schedule, middle, end)]
        assert both == due_between(schedule, begin, end)


def test_presets_blanks_and_names_are_read() -> None:
    assert read_schedule(" @Daily ", "Europe/Berlin") == Schedule("0 0 * * *", "Europe/Berlin")
    assert read_schedule("0  6 * * MON-FRI") == Schedule("0 6 * * MON-FRI", "UTC")
    assert read_schedule("0 6 * * 1", "Europe/Berlin").words == "0 6 * * 1 (Europe/Berlin)"


@pytest.mark.parametrize(
    ("text", "zone", "field"),
    [
        ("", "", "schedule"),
        ("every day", "", "schedule"),
        ("0 0 6 * * *", "", "schedule"),
        ("61 * * * *", "", "schedule"),
        ("0 0 30 2 *", "", "schedule"),
        ("0 6 * * *", "Berlin", "schedule_zone"),
        ("0 6 * * *", "../etc/passwd", "schedule_zone"),
        ("0 6 * * *", "Europe", "schedule_zone"),
    ],
)
def test_what_cannot_be_read_names_its_field(text: str, zone: str, field: str) -> None:
    with pytest.raises(UnreadableSchedule, match="must be") as refused:
        read_schedule(text, zone)
    assert refused.value.field == field


def test_starts_that_did_not_come_are_missed_when_they_were_due() -> None:
    came = [FIRST + n * HOUR + 2 * MINUTE for n in range(24) if n not in (3, 7, 8)]
    kept = compare(HOURLY, [*reversed(came)], FIRST, FIRST + 24 * HOUR)
    assert kept.missed_at == [FIRST + n * HOUR for n in (3, 7, 8)]
    assert kept.expected == 24
    assert set(kept.late_ms) == {120_000.0}


def test_grace_says_how_late_a_start_may_be() -> None:
    came = [FIRST, FIRST + HOUR + 9 * MINUTE, FIRST + 2 * HOUR + 11 * MINUTE]
    strict = Schedule("0 * * * *", "UTC", 10 * MINUTE)
    assert compare(strict, came, FIRST, FIRST + 3 * HOUR).missed_at == [FIRST + 2 * HOUR]
    assert compare(HOURLY, came, FIRST, FIRST + 3 * HOUR).missed_at == []


def test_what_may_still_come_or_be_reported_is_not_missed() -> None:
    strict = Schedule("0 * * * *", "UTC", 10 * MINUTE)
    assert compare(strict, [FIRST], FIRST, FIRST + HOUR + 19 * MINUTE).missed_at == []
    assert compare(strict, [FIRST], FIRST, FIRST + HOUR + 20 * MINUTE).missed_at == [FIRST + HOUR]


def test_starts_by_hand_are_not_those_that_were_due() -> None:
    came = [FIRST, FIRST + 20 * MINUTE, FIRST + 40 * MINUTE, FIRST + 2 * HOUR]
    kept = compare(Schedule("0 * * * *", "UTC", 10 * MINUTE), came, FIRST, FIRST + 3 * HOUR)
    assert kept.missed_at == [FIRST + HOUR]


def test_a_told_schedule_counts_before_the_rhythm_of_the_starts() -> None:
    weekdays = read_schedule("0 9 * * 1-5")
    due_at = due_between(weekdays, FIRST, FIRST + timedelta(days=7))
    starts = [Start(at) for at in due_at if at != due_at[2]]
    found = read_triggers(starts, FIRST + timedelta(days=7), (), weekdays)
    assert (found.expected, found.missed, found.missed_at) == (5, 1, [due_at[2]])
    assert read_triggers(starts, FIRST + timedelta(days=7)).missed is None


def test_a_start_in_another_environment_was_not_missed() -> None:
    starts = [Start(FIRST + n * HOUR) for n in range(24) if n != 5]
    found = read_triggers(starts, FIRST + 24 * HOUR, [FIRST + 5 * HOUR], HOURLY)
    assert (found.missed, found.schedule) == (0, HOURLY)
