"""Told schedules: read, due over changes of the clock, and compared with the starts that came."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.schedule import (
    MAX_CRON,
    Schedule,
    UnreadableSchedule,
    compare,
    due_between,
    last_due,
    read_schedule,
)
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


@pytest.mark.parametrize("minutes", [0, 20, 40, 60, 80, 100, 120])
def test_it_is_due_once_wherever_in_the_repeated_hour_one_begins_to_look(minutes: int) -> None:
    start = datetime(2026, 10, 25, tzinfo=UTC) + minutes * MINUTE
    assert due("30 2 * * *", start, 10) == (["25 00:30"] if minutes <= 30 else [])


@given(
    day=st.sampled_from([datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)]),
    minutes=st.integers(0, 3 * 1440),
    cron=st.sampled_from(["30 2 * * *", "0 2,3 * * *", "0 * * * *", "*/20 2 * * *", "15 1-3 * * 0", "@weekly"]),
)
def test_looking_back_finds_the_last_of_those_that_looking_ahead_finds(day: datetime, minutes: int, cron: str) -> None:
    schedule, moment = read_schedule(cron, "Europe/Berlin"), day + minutes * MINUTE
    ahead = due_between(schedule, day - timedelta(days=10), moment + timedelta(microseconds=1))
    assert last_due(schedule, moment) == ahead[-1]


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
    ("text", "reason"),
    [
        ("", "five fields (minute, hour, day of month, month, day of week), not 0, or be a preset such as @daily"),
        ("every day", "five fields"),
        ("0 0 6 * * *", "not 6"),
        ("@reboot", "not 1"),
        ("61 * * * *", "cannot be read at the minute: it takes 0 to 59, *, lists, ranges and steps"),
        ("*/0 * * * *", "at the minute"),
        ("0 25 * * *", "at the hour: it takes 0 to 23"),
        ("0 0 0 * *", "at the day of month: it takes 1 to 31"),
        ("0 0 1 13 *", "at the month: it takes 1 to 12, or JAN to DEC"),
        ("0 0 * * someday", "at the day of week: it takes 0 to 7, or SUN to SAT"),
        ("0 0 1 1 \N{SUPERSCRIPT TWO}L", "cannot be read"),
        ("0 0 30 2 *", "is never due: no such month has that day"),
        ("0 0 31 4,6 *", "is never due"),
        ("a" * 10_000, "must have at most 100 characters"),
        (("1," * 60) + "1 * * * *", "must have at most 100 characters"),
    ],
)
def test_what_cannot_be_read_says_why(text: str, reason: str) -> None:
    with pytest.raises(UnreadableSchedule) as refused:
        read_schedule(text)
    assert refused.value.field == "schedule"
    assert reason in str(refused.value)


@pytest.mark.parametrize("zone", ["Berlin", "../etc/passwd", "Europe", "x" * 999, "a\x00b"])
def test_a_zone_that_is_none_is_named_beside_what_else_is_wrong(zone: str) -> None:
    with pytest.raises(UnreadableSchedule) as refused:
        read_schedule("0 6 * * *", zone)
    assert refused.value.reasons == {"schedule_zone": "must be a time zone, such as Europe/Berlin"}
    with pytest.raises(UnreadableSchedule) as refused:
        read_schedule("often", zone)
    assert list(refused.value.reasons) == ["schedule", "schedule_zone"]


@pytest.mark.parametrize("cron", ["0 0 29 2 *", "0 0 * 2 MON#5", "0 0 31 2 MON", "*/7 * * * *", "0 9 LW * *"])
def test_what_is_seldom_due_is_read(cron: str) -> None:
    assert read_schedule(cron).cron == cron


@given(st.text("0123456789*/,-#LW MON@", max_size=MAX_CRON))
def test_no_text_hangs_or_breaks(text: str) -> None:
    began = time.process_time()
    try:
        found = [len(read_schedule(text, "Europe/Berlin").cron.split())]
    except UnreadableSchedule as refused:
        found = list(refused.reasons)
    assert found in ([5], ["schedule"])
    assert time.process_time() - began < 1


def test_forms_say_the_limit() -> None:
    page = Path(__file__).parents[3] / "templates" / "components" / "_cron_words.html"
    assert f"at most {MAX_CRON} characters" in page.read_text()


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
