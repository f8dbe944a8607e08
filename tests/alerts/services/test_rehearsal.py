"""Rules over the past: records by the minute, rollups by the hour, and what cannot be told."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import Team
from alerts.analysis.readings import Subject
from alerts.models import AlertRule
from alerts.reads import rehearsal as records
from alerts.services.rehearsal import rehearse_rule, rehearse_rules
from alerts.services.rules import as_rule, checked
from ingestion.acceptance import accept
from ingestion.records import ExecutionReport, Resources, Tokens
from monitoring.identity import workflow_id
from monitoring.models import Workflow
from monitoring.statuses import Status
from monitoring.store.rollups import fold_all
from tests.factories import step

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 8, 12, 12, 0, 30, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def run(at: datetime, number: int, *, failed: bool = False, workflow: str = "checkout", **fields: object):
    told = {
        "id": f"{workflow}-{at:%d-%H:%M}-{number}",
        "workflow": workflow,
        "status": Status.FAILED if failed else Status.SUCCEEDED,
        "started_at": at - timedelta(seconds=10),
        "finished_at": at,
    }
    return ExecutionReport(**{**told, **fields})


def keep(team: Team, *reports: ExecutionReport) -> None:
    """Each is received when it was told: history is complete, and nothing is late."""
    accept(team.id, list(enumerate(reports)), now=NOW)
    fold_all(NOW)


def outage(at: datetime, minutes: int = 10, **fields: object) -> list[ExecutionReport]:
    """Ten runs a minute, half of which fail."""
    return [
        run(at + place * MINUTE + timedelta(seconds=5), number, failed=number < 5, **fields)
        for place in range(minutes)
        for number in range(10)
    ]


def calm(at: datetime, minutes: int = 10, **fields: object) -> list[ExecutionReport]:
    return [
        run(at + place * MINUTE + timedelta(seconds=5), number, **fields)
        for place in range(minutes)
        for number in range(10)
    ]


def rule(team: Team, **fields: object) -> AlertRule:
    told = {"name": "x", "metric": "error_rate", "threshold": 0.05, "min_samples": 20, "environment": "production"}
    return as_rule(team.id, checked(team.id, {**told, **fields}))


TEN_DAYS_AGO = datetime(2026, 8, 2, 9, 0, tzinfo=UTC)
YESTERDAY = datetime(2026, 8, 11, 9, 0, tzinfo=UTC)


def test_it_says_when_a_rule_would_have_fired(team, in_team) -> None:
    keep(team, *calm(TEN_DAYS_AGO - HOUR), *outage(TEN_DAYS_AGO), *calm(TEN_DAYS_AGO + 10 * MINUTE, 20))
    found = rehearse_rule(team.id, rule(team), NOW)
    (one,) = found.firings
    assert one.subject == Subject(workflow_id(team.id, "checkout"))
    # Two minutes of ten runs are enough; five minutes after the last failure it is over.
    assert one.opened_at == TEN_DAYS_AGO + 2 * MINUTE
    assert one.until == TEN_DAYS_AGO + 15 * MINUTE
    assert one.worst == 0.5
    assert found.notices == 2
    assert [looked.grain for looked in found.looked] == [MINUTE]


def test_subjects_are_told_apart_or_together(team, in_team) -> None:
    keep(team, *outage(YESTERDAY), *calm(YESTERDAY, workflow="other", minutes=60))
    each = rehearse_rule(team.id, rule(team), NOW)
    assert len(each.tracks) == 2
    assert [one.subject.workflow_id for one in each.firings] == [workflow_id(team.id, "checkout")]
    together = rehearse_rule(team.id, rule(team, is_per_workflow=False, threshold=0.3), NOW)
    assert [track.subject for track in together.tracks] == [Subject()]
    assert not together.firings
    named = rehearse_rule(team.id, rule(team, workflow_id=workflow_id(team.id, "other")), NOW)
    assert not named.firings


def test_environments_are_kept_apart(team, in_team) -> None:
    keep(team, *outage(YESTERDAY, environment="staging"), *calm(YESTERDAY))
    assert not rehearse_rule(team.id, rule(team), NOW).firings
    assert len(rehearse_rule(team.id, rule(team, environment="staging"), NOW).firings) == 1
    assert len(rehearse_rule(team.id, rule(team, environment=""), NOW).firings) == 1


def test_values_of_runs_are_subjects(team, in_team) -> None:
    keep(team, *outage(YESTERDAY, trigger="hook"), *calm(YESTERDAY, trigger="cron", workflow="other"))
    found = rehearse_rule(team.id, rule(team, scope="trigger"), NOW)
    assert [one.subject.value for one in found.firings] == ["hook"]
    one = rehearse_rule(team.id, rule(team, scope="trigger", value="cron"), NOW)
    assert [track.subject.value for track in one.tracks] == ["cron"]
    assert not one.firings


def test_steps_are_read_by_the_minute_for_two_days_and_by_the_hour_before(team, in_team) -> None:
    def calls(at: datetime, place: int) -> ExecutionReport:
        began = at + place * MINUTE
        failed = step(model="gpt-4o", status=Status.FAILED, started_at=began, ended_at=began + timedelta(seconds=1))
        return run(began + timedelta(seconds=20), place, steps=[failed])

    keep(team, *(calls(at, place) for at in (TEN_DAYS_AGO, YESTERDAY) for place in range(10)))
    found = rehearse_rule(team.id, rule(team, scope="model", min_samples=5), NOW)
    assert [looked.grain for looked in found.looked] == [HOUR, MINUTE]
    assert [one.subject.value for one in found.firings] == ["gpt-4o", "gpt-4o"]
    assert [one.opened_at for one in found.firings] == [TEN_DAYS_AGO + HOUR, YESTERDAY + 5 * MINUTE]


def test_long_windows_are_read_by_the_hour(team, in_team) -> None:
    keep(team, *outage(TEN_DAYS_AGO))
    found = rehearse_rule(team.id, rule(team, window_s=2 * 86_400), NOW)
    assert [looked.grain for looked in found.looked] == [HOUR]
    (one,) = found.firings
    assert one.opened_at == TEN_DAYS_AGO + HOUR
    # Without runs nothing is said: what fires goes on, until it has had no data for a day.
    assert one.until is not None


@pytest.mark.parametrize(
    ("metric", "fields"),
    [
        ("error_rate", {"threshold": 0.5}),
        ("failures", {"threshold": 3}),
        ("runs", {"threshold": 3}),
        ("duration_p50", {"threshold": 3}),
        ("duration_p95", {"threshold": 3}),
        ("duration_avg", {"threshold": 3}),
        ("retry_rate", {"threshold": 3}),
        ("tokens", {"threshold": 3}),
        ("tokens_per_run", {"threshold": 3}),
        ("cost_usd", {"threshold": 3}),
        ("cost_per_run_usd", {"threshold": 3}),
        ("api_calls", {"threshold": 3}),
        ("peak_memory_bytes", {"threshold": 3}),
        ("storage_bytes", {"threshold": 3}),
    ],
)
def test_its_values_are_those_of_the_evaluation(team, in_team, metric, fields) -> None:
    from alerts.reads.measures import Asked, read_windows

    begin = NOW - 3 * HOUR
    reports = [
        run(
            begin + place * 90 * timedelta(seconds=1),
            place,
            failed=place % 3 == 0,
            workflow="checkout" if place % 2 else "other",
            started_at=begin + place * 90 * timedelta(seconds=1) - timedelta(milliseconds=place**2),
            attempt=1 + place % 2,
            resources=Resources(
                memory_bytes=1_000 * place if place % 4 else None,
                storage_bytes=10 * place if place % 5 else None,
                api_call_count=place if place % 3 else None,
            ),
            steps=[
                step(
                    model="m",
                    tokens=Tokens(input=place, output=2) if place % 3 else None,
                    cost_usd=Decimal(place) / 100 if place % 7 else None,
                    started_at=begin + place * 90 * timedelta(seconds=1) - timedelta(seconds=1),
                    ended_at=begin + place * 90 * timedelta(seconds=1),
                )
            ],
        )
        for place in range(110)
    ]
    keep(team, *reports)
    asked = rule(team, metric=metric, min_samples=0, window_s=600, **fields)
    found = rehearse_rule(team.id, asked, NOW)
    ends = [found.end - place * MINUTE for place in range(120)][::-1]
    readings = read_windows(team.id, [Asked(asked, tuple(ends))], NOW)[asked.id]
    told = {(one.subject, one.at): (one.value, one.samples) for one in readings}
    compared = 0
    for track in found.tracks:
        (part,) = track.stretches
        for index in range(len(part.values) - 120, len(part.values)):
            mine = part.reading(track.subject, index)
            value, samples = told[track.subject, mine.at]
            assert mine.samples == samples, mine
            assert mine.value == pytest.approx(value), mine
            compared += 1
    assert compared == 240


def test_too_many_runs_are_read_by_the_hour_where_they_are_old(team, in_team, monkeypatch) -> None:
    monkeypatch.setattr(records, "MAX_RUNS", 150)
    keep(team, *outage(TEN_DAYS_AGO), *outage(YESTERDAY))
    found = rehearse_rule(team.id, rule(team), NOW)
    assert [looked.grain for looked in found.looked] == [HOUR, MINUTE]
    # The first window of minutes ends five minutes after the first minute that is read.
    assert [one.opened_at for one in found.firings] == [TEN_DAYS_AGO + HOUR, YESTERDAY + 5 * MINUTE]


def test_where_reading_takes_too_long_hours_are_read(team, in_team, monkeypatch) -> None:
    from django.db import OperationalError

    keep(team, *outage(TEN_DAYS_AGO), *outage(YESTERDAY))
    actual, asked = records.by_minute, []

    def slow(team_id, rule, start, end):
        asked.append(start)
        if len(asked) == 1:
            raise OperationalError("canceling statement due to statement timeout")
        return actual(team_id, rule, start, end)

    monkeypatch.setattr(records, "by_minute", slow)
    found = rehearse_rule(team.id, rule(team), NOW)
    assert found.was_slow
    assert [looked.grain for looked in found.looked] == [HOUR, MINUTE]
    assert len(found.firings) == 2


def test_a_statement_that_takes_long_is_ended(team, in_team, monkeypatch) -> None:
    from django.db import OperationalError

    monkeypatch.setattr(records, "STATEMENT_MS", 50)
    with pytest.raises(OperationalError):
        records.bounded_rows("SELECT pg_sleep(2)", {})
    assert records.bounded_rows("SELECT 1", {}) == [(1,)]


def test_more_subjects_than_are_read_is_said(team, in_team, monkeypatch) -> None:
    monkeypatch.setattr(records, "MAX_SUBJECTS", 2)
    keep(team, *(one for name in "abc" for one in calm(YESTERDAY, workflow=name, minutes=1)))
    found = rehearse_rule(team.id, rule(team), NOW)
    assert found.is_cut
    assert len(found.tracks) == 2


def test_a_change_is_rehearsed_on_the_same_past(team, in_team, django_assert_max_num_queries) -> None:
    keep(team, *outage(YESTERDAY))
    with django_assert_max_num_queries(12):
        before, after = rehearse_rules(team.id, [rule(team), rule(team, threshold=0.6)], NOW)
    assert len(before.firings) == 1
    assert not after.firings
    assert before.tracks is after.tracks


def test_the_threshold_of_about_one_a_week(team, in_team) -> None:
    days = [NOW.replace(hour=9, minute=0, second=0) - place * DAY for place in range(2, 26)]
    reports = []
    for place, day in enumerate(days):
        failed = 2 + place % 8
        reports += [run(day + timedelta(seconds=number), number, failed=number < failed) for number in range(20)]
    keep(team, *reports)
    found = rehearse_rule(team.id, rule(team, threshold=0.05, no_data="ok"), NOW)
    assert len(found.firings) == 24
    assert found.advised is not None
    assert found.advised.is_fitting
    again = rehearse_rule(team.id, rule(team, threshold=found.advised.threshold, no_data="ok"), NOW)
    assert len(again.firings) == found.advised.firings
    assert 3 <= found.advised.firings <= 6


@pytest.mark.parametrize(("metric", "threshold"), [("stuck", 60_000), ("source_silent", 60_000)])
def test_what_cannot_be_rehearsed_says_so(team, in_team, metric, threshold) -> None:
    found = rehearse_rule(team.id, rule(team, metric=metric, threshold=threshold), NOW)
    assert "rehearsed" in found.why_not
    assert not found.firings


def test_a_team_without_runs_has_nothing_to_rehearse(team, in_team) -> None:
    found = rehearse_rule(team.id, rule(team), NOW)
    assert (found.tracks, found.firings, found.why_not) == ([], [], "")


def test_single_runs_are_looked_at_each_minute(team, in_team) -> None:
    hourly = [YESTERDAY + place * 3 * HOUR for place in range(8)]
    keep(team, *(run(at, 0, failed=place in (2, 3)) for place, at in enumerate(hourly)))
    last = rehearse_rule(team.id, rule(team, metric="last_run_failed"), NOW)
    assert [(one.opened_at, one.until) for one in last.firings] == [(hourly[2], hourly[4])]
    row = rehearse_rule(team.id, rule(team, metric="failed_in_a_row", threshold=1), NOW)
    assert [(one.opened_at, one.until) for one in row.firings] == [(hourly[3], hourly[4])]
    success = rehearse_rule(team.id, rule(team, metric="last_success", threshold=4 * 3_600_000), NOW)
    assert success.firings[0].opened_at == hourly[1] + 4 * HOUR + MINUTE
    assert success.firings[0].until == hourly[4]
    missed = {"metric": "missed_schedule", "workflow_id": workflow_id(team.id, "checkout")}
    due = rehearse_rule(team.id, rule(team, parameters={"period_s": 3 * 3600, "grace_s": 600}, **missed), NOW)
    # Before the first run, and after the last one.
    assert len(due.firings) == 2
    assert due.firings[0].until == hourly[0]
    assert due.firings[1].opened_at == hourly[-1] + 3 * HOUR + 10 * MINUTE - timedelta(seconds=0)


def test_a_failed_attempt_that_was_tried_again_is_no_failure(team, in_team) -> None:
    first = run(YESTERDAY, 0, failed=True)
    again = run(YESTERDAY + 5 * MINUTE, 0, id=first.id, attempt=2)
    keep(team, first, again)
    found = rehearse_rule(team.id, rule(team, metric="last_run_failed"), NOW)
    assert not found.firings


def test_an_error_budget_burns(team, in_team) -> None:
    keep(team, *calm(TEN_DAYS_AGO - HOUR, 30), *outage(TEN_DAYS_AGO, 30), *calm(TEN_DAYS_AGO + 30 * MINUTE, 100))
    Workflow.objects.update(objective_success_rate=0.99)
    found = rehearse_rule(team.id, rule(team, metric="burn_rate", threshold=10, min_samples=0), NOW)
    (one,) = found.firings
    assert TEN_DAYS_AGO < one.opened_at <= TEN_DAYS_AGO + 20 * MINUTE
    assert one.until is not None
    assert TEN_DAYS_AGO + 30 * MINUTE < one.until <= TEN_DAYS_AGO + 40 * MINUTE
    assert found.advised is None


def test_usual_ranges_are_those_of_today(team, in_team) -> None:
    from monitoring.services.baselines import build_all as build

    weeks = [NOW.replace(minute=0, second=0) - place * HOUR for place in range(2, 21 * 24)]
    keep(team, *(run(at + number * MINUTE, number, failed=number == 0) for at in weeks for number in range(10)))
    build(NOW, team_id=team.id)
    keep(team, *outage(YESTERDAY + 30 * MINUTE, minutes=15))
    asked = rule(team, comparison="unusual", threshold=None, window_s=600, min_samples=20)
    found = rehearse_rule(team.id, asked, NOW)
    assert [one.opened_at for one in found.firings] == [YESTERDAY + 32 * MINUTE]
