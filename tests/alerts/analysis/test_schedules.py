"""Schedules: what is due when, over summer time; what was missed; and expressions that mean nothing."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.analysis.schedules import Schedule, check_schedule, missed, read_schedule

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
NOW = datetime(2026, 8, 12, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - 400 * DAY
# Europe/Berlin: 02:00 becomes 03:00 on 29 March 2026, and 03:00 becomes 02:00 on 25 October 2026, both at 01:00 UTC.
SPRING, AUTUMN = datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)


def berlin(cron: str) -> Schedule:
    return Schedule(5 * MINUTE, cron=cron, zone="Europe/Berlin")


def times(schedule: Schedule, start: datetime, hours: int) -> list[str]:
    return [f"{due:%d %H:%M}" for due in schedule.due_between(start, start + hours * HOUR)]


class TestDue:
    """Instants of a cron expression in its zone, in UTC."""

    def test_a_fixed_hour_keeps_its_local_hour(self) -> None:
        assert times(berlin("30 7 * * *"), SPRING - DAY, 48) == ["28 06:30", "29 05:30"]

    def test_an_hour_that_is_skipped_comes_at_the_next_that_exists(self) -> None:
        assert times(berlin("30 2 * * *"), SPRING - DAY, 72) == ["28 01:30", "29 01:00", "30 00:30"]

    def test_an_hour_that_comes_twice_runs_once(self) -> None:
        assert times(berlin("30 2 * * *"), AUTUMN - DAY, 72) == ["24 00:30", "25 00:30", "26 01:30"]

    @pytest.mark.parametrize("minutes", [0, 20, 40, 60, 80, 100, 120])
    def test_it_runs_once_wherever_in_the_repeated_hour_one_begins_to_look(self, minutes: int) -> None:
        start = AUTUMN + minutes * MINUTE
        assert times(berlin("30 2 * * *"), start, 10) == (["25 00:30"] if minutes <= 30 else [])

    @pytest.mark.parametrize("day", [SPRING, AUTUMN])
    def test_every_half_hour_goes_on_by_real_time(self, day: datetime) -> None:
        dues = berlin("*/30 * * * *").due_between(day, day + 6 * HOUR)
        assert dues == [day + number * 30 * MINUTE for number in range(12)]

    @given(
        st.integers(0, 3 * 1440), st.integers(0, 3 * 1440), st.sampled_from(["30 2 * * *", "*/20 * * * *", "0 3 * * 0"])
    )
    def test_two_looks_find_what_one_finds(self, first: int, second: int, cron: str) -> None:
        start, middle, end = (AUTUMN - DAY + minutes * MINUTE for minutes in (0, *sorted((first, second))))
        schedule = berlin(cron)
        parts = schedule.due_between(start, middle) + schedule.due_between(middle, end)
        assert parts == schedule.due_between(start, end)


class TestMissed:
    """Runs that were due and did not start."""

    def test_a_run_in_time_misses_nothing(self) -> None:
        assert missed(berlin("0 6 * * *"), NOW - 8 * HOUR, LONG_AGO, NOW).count == 0

    def test_a_start_a_little_early_answers(self) -> None:
        due = datetime(2026, 8, 12, 4, 0, tzinfo=UTC)
        assert missed(berlin("0 6 * * *"), due - timedelta(seconds=50), LONG_AGO, NOW).count == 0
        assert missed(berlin("0 6 * * *"), due - timedelta(seconds=70), LONG_AGO, NOW).count == 1

    def test_nothing_is_missed_within_the_grace(self) -> None:
        due, yesterday = datetime(2026, 8, 12, 4, 0, tzinfo=UTC), datetime(2026, 8, 11, 4, 0, tzinfo=UTC)
        schedule = berlin("0 6 * * *")
        assert missed(schedule, yesterday, LONG_AGO, due + timedelta(minutes=4, seconds=59)).count == 0
        found = missed(schedule, yesterday, LONG_AGO, due + 5 * MINUTE)
        assert (found.count, found.first, found.last) == (1, due, due)

    def test_a_late_run_counts_until_it_came(self) -> None:
        schedule, last = berlin("0 * * * *"), NOW - 3 * HOUR
        assert missed(schedule, last, LONG_AGO, NOW + 10 * MINUTE).count == 3
        assert missed(schedule, NOW + 9 * MINUTE, LONG_AGO, NOW + 10 * MINUTE).count == 0

    def test_a_day_without_runs_counts_the_last_day(self) -> None:
        assert missed(berlin("0 * * * *"), NOW - 20 * DAY, LONG_AGO, NOW + 10 * MINUTE).count == 24

    def test_a_weekly_run_stays_missed_until_there_is_one(self) -> None:
        monday = datetime(2026, 8, 10, 4, 0, tzinfo=UTC)
        found = missed(berlin("0 6 * * 1"), monday - 7 * DAY, LONG_AGO, monday + 4 * DAY)
        assert (found.count, found.first) == (1, monday)
        assert missed(berlin("0 6 * * 1"), monday + 3 * DAY, LONG_AGO, monday + 4 * DAY).count == 0

    def test_what_was_due_before_anybody_expected_it_does_not_count(self) -> None:
        assert missed(berlin("0 * * * *"), None, NOW - 90 * MINUTE, NOW).count == 1
        assert missed(berlin("0 6 * * 1"), None, NOW - HOUR, NOW).count == 0

    def test_periods_are_counted_from_the_last_start(self) -> None:
        schedule = Schedule(10 * MINUTE, period=HOUR)
        assert missed(schedule, NOW - 69 * MINUTE, LONG_AGO, NOW).count == 0
        found = missed(schedule, NOW - 200 * MINUTE, LONG_AGO, NOW)
        assert (found.count, found.first) == (3, NOW - 140 * MINUTE)
        assert missed(schedule, None, NOW - 2 * HOUR, NOW).count == 1

    def test_on_the_day_of_the_change_a_nightly_run_is_expected_once(self) -> None:
        schedule = berlin("30 2 * * *")
        before = AUTUMN - DAY + 30 * MINUTE
        assert missed(schedule, before, LONG_AGO, AUTUMN + 3 * HOUR).count == 1
        assert missed(schedule, AUTUMN + 31 * MINUTE, LONG_AGO, AUTUMN + 3 * HOUR).count == 0
        assert missed(schedule, SPRING + HOUR, LONG_AGO, SPRING + 6 * HOUR).count == 0


class TestChecking:
    """Parameters of a rule that nobody can keep."""

    @pytest.mark.parametrize(
        ("cron", "reason"),
        [
            ("* * *", "must have five fields"),
            ("61 * * * *", "at the minute: it takes 0 to 59"),
            ("0 0 30 2 *", "is never due: no such month has that day"),
            ("a" * 10_000, "must have at most 100 characters"),
            (7, "must have five fields"),
            (["0 6 * * *"], "cannot be read"),
            ({"0 6 * * *": 1}, "must have five fields"),
        ],
    )
    def test_what_is_no_cron_text_has_a_reason(self, cron: object, reason: str) -> None:
        assert reason in check_schedule({"cron": cron})["cron"]
        assert read_schedule({"cron": cron}) is None

    @given(st.text("0123456789*/,-#LW MON", max_size=60))
    def test_no_text_hangs(self, cron: str) -> None:
        began = time.process_time()
        check_schedule({"cron": cron, "zone": "Europe/Berlin", "grace_s": 60})
        assert time.process_time() - began < 1

    @pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "Europe", "x" * 999, 5])
    @pytest.mark.parametrize("when", [{"cron": "0 * * * *"}, {"period_s": 3600}])
    def test_a_zone_that_is_none(self, when: dict[str, object], zone: object) -> None:
        assert check_schedule({**when, "zone": zone}) == {"zone": "must be a time zone, such as Europe/Berlin"}

    def test_a_preset_is_what_it_stands_for(self) -> None:
        told = {"cron": "@Daily", "zone": "Europe/Berlin"}
        assert read_schedule(told) == berlin("0 0 * * *")
        assert "shorter than the 86,400 seconds" in check_schedule({**told, "grace_s": 86_400})["grace_s"]

    def test_a_grace_that_would_hide_each_miss(self) -> None:
        assert check_schedule({"cron": "0 * * * *", "grace_s": 3599}) == {}
        assert "shorter than the 3,600 seconds" in check_schedule({"cron": "0 * * * *", "grace_s": 3600})["grace_s"]
        assert check_schedule({"cron": "0 * * * *", "grace_s": -1})["grace_s"] == "must be from 0 seconds to 7 days"
        assert check_schedule({"cron": "0 * * * *", "grace_s": float("nan")}).keys() == {"grace_s"}

    def test_one_of_cron_and_period(self) -> None:
        assert check_schedule({}) == {}
        assert read_schedule({}) is None
        assert check_schedule({"cron": "0 * * * *", "period_s": 60}).keys() == {"period_s"}
        assert check_schedule({"period_s": 30}) == {"period_s": "must be from 60 seconds to 366 days"}
        assert check_schedule({"period_s": 60}) == {}

    def test_the_schedule_of_a_rule(self) -> None:
        told = {"cron": "0 6 * * *", "zone": "Europe/Berlin", "grace_s": 0}
        assert read_schedule(told) == Schedule(timedelta(0), cron="0 6 * * *", zone="Europe/Berlin")
        assert read_schedule({"period_s": 600}) == Schedule(timedelta(seconds=300), period=timedelta(seconds=600))
