"""Partitions are made ahead; what is too old goes, imported history stays."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import Team
from accounts.services.retention import PolicyRefused, save_policy
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from ingestion.records import LogReport
from monitoring.identity import workflow_id
from monitoring.models import Execution, Grain, Label, LogLine, Payload, RetentionRun, Rollup, Step, Workflow
from monitoring.store.classes import forget_classes
from monitoring.store.clearing import Pace
from monitoring.store.partitions import ensure, make_ahead
from monitoring.store.retention import drop_expired
from tests.factories import NOW, report, send, step, store

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_classes() -> None:
    forget_classes()


def tables_of(day: date) -> int:
    """How many partitions there are for a day, of both classes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname LIKE %s", [f"%_{day:%Y%m%d}"])
        return int(cursor.fetchone()[0])


def told(days: int, **fields: Any) -> Any:
    """A report of a run so many days before the tests' clock."""
    at = NOW - timedelta(days=days)
    return report(started_at=at, finished_at=at, steps=[step()], **fields)


def test_partitions_of_the_coming_week_are_made_once() -> None:
    today = date(2031, 5, 1)
    assert make_ahead(today) == 9 * 2 * 4
    assert make_ahead(today) == 0
    assert tables_of(today + timedelta(days=7)) == 8


def test_days_apart_are_made_without_those_between() -> None:
    first, last = date(2031, 1, 1), date(2031, 3, 1)
    assert ensure([(0, first), (0, last), (0, first)]) == 8
    assert tables_of(date(2031, 2, 1)) == 0


def test_what_is_too_old_goes_with_its_partitions(team: Team) -> None:
    send(team, told(100, id="old"), told(80, id="kept"), told(40, id="debug", environment="dev"))
    dropped = drop_expired(NOW)
    assert (dropped.executions, dropped.tables) == (2, 7)
    with team_context(team.id):
        assert list(Execution.objects.values_list("external_id", flat=True)) == ["kept"]
        assert Step.objects.count() == 1
    assert tables_of((NOW - timedelta(days=100)).date()) == 0
    assert drop_expired(NOW).executions == 0


def test_imported_history_stays_and_others_on_its_days_go(team: Team, other_team: NewTeam) -> None:
    send(team, told(100, id="history", is_imported=True), told(100, id="old"))
    send(other_team.team, told(100, id="old"))
    assert drop_expired(NOW, pace=Pace(1, 0, 0)).executions == 2
    with team_context(team.id):
        assert list(Execution.objects.values_list("external_id", flat=True)) == ["history"]
        assert Step.objects.count() == 1
    with team_context(other_team.team.id):
        assert (Execution.objects.count(), Step.objects.count()) == (0, 0)


def test_retention_is_a_setting_of_the_team(team: Team, other_team: NewTeam) -> None:
    send(team, told(12))
    send(other_team.team, told(12))
    save_policy(team_id=team.id, values={"production_days": 14, "reason": "a test"}, now=NOW)
    assert drop_expired(NOW).executions == 0
    save_policy(team_id=team.id, values={"production_days": 10}, now=NOW)
    assert drop_expired(NOW).executions == 1
    with team_context(other_team.team.id):
        assert (Execution.objects.count(), Step.objects.count()) == (1, 1)


def test_minutes_go_after_two_days_and_hours_stay(team: Team) -> None:
    store(team, report())
    later = NOW + timedelta(hours=49)
    assert drop_expired(NOW).minutes == 0
    assert drop_expired(later).minutes > 0
    with team_context(team.id):
        grains = set(Rollup.objects.values_list("grain", flat=True))
    assert Grain.MINUTE not in grains
    assert Grain.HOUR in grains


def test_a_day_whose_records_are_gone_takes_no_report_and_keeps_its_figures(team: Team) -> None:
    store(team, told(100, id="old"), told(100, id="older"))
    drop_expired(NOW)
    outcome = send(team, told(100, id="late"), told(99, id="beside"), told(1, id="new"))
    assert (outcome.stored, [one.index for one in outcome.rejected]) == (2, [0])
    assert outcome.rejected[0].field == "started_at"
    assert "removed by retention" in outcome.rejected[0].reason
    refused = send(team, told(100, id="never", workflow="Never seen", environment="never"))
    assert (refused.stored, len(refused.rejected)) == (0, 1)
    with team_context(team.id):
        assert not Workflow.objects.filter(name="Never seen").exists()
        assert not Label.objects.filter(value="never").exists()
    store(team)
    with team_context(team.id):
        day = Rollup.objects.get(grain=Grain.DAY, dimension=0, bucket__date=(NOW - timedelta(days=100)).date())
        assert day.runs == 2
        assert not Execution.objects.filter(external_id="late").exists()


def test_a_sealed_day_of_one_team_is_open_to_another(team: Team, other_team: NewTeam) -> None:
    send(team, told(100, id="old"))
    drop_expired(NOW)
    assert send(other_team.team, told(100, id="old")).stored == 1


def size_of(day: date) -> int:
    """Bytes of all partitions of a day on the disk, with their indexes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class "
            "WHERE relkind = 'r' AND relname LIKE %s",
            [f"%_{day:%Y%m%d}"],
        )
        return int(cursor.fetchone()[0])


def bulky(days: int, number: int) -> Any:
    """A run with fifty steps."""
    at = NOW - timedelta(days=days)
    return report(started_at=at, finished_at=at, id=f"bulky-{number}", steps=[step() for _ in range(50)])


def test_the_disk_shrinks_when_partitions_go_and_the_log_says_by_how_much(team: Team) -> None:
    day = (NOW - timedelta(days=100)).date()
    send(team, *(bulky(100, number) for number in range(20)))
    before = size_of(day)
    drop_expired(NOW)
    assert size_of(day) == 0
    with team_context(team.id):
        (run,) = RetentionRun.objects.all()
    assert (run.kind, run.limit_days, run.first_day, run.last_day) == ("production", 90, day, day)
    assert (run.execution_count, run.reusable_bytes) == (20, 0)
    assert before * 0.5 < run.freed_bytes <= before
    assert run.row_count >= 1000


def test_the_disk_shrinks_when_one_team_keeps_the_day_longer(team: Team, other_team: NewTeam) -> None:
    day = (NOW - timedelta(days=100)).date()
    save_policy(team_id=other_team.team.id, values={"production_days": 200}, now=NOW)
    send(team, *(bulky(100, number) for number in range(20)))
    send(other_team.team, told(100, id="kept"))
    before = size_of(day)
    drop_expired(NOW, pace=Pace(100, 0, 0))
    assert size_of(day) < before / 2
    with team_context(other_team.team.id):
        assert (Execution.objects.count(), Step.objects.count()) == (1, 1)
    with team_context(team.id):
        assert (Execution.objects.count(), Step.objects.count()) == (0, 0)
        assert RetentionRun.objects.get().freed_bytes > 0
    assert send(other_team.team, told(100, id="more")).stored == 1


def test_payloads_may_go_before_their_executions_and_later_ones_are_taken(team: Team) -> None:
    save_policy(team_id=team.id, values={"payload_days": 10}, now=NOW)
    send(team, told(20, id="old", input={"order": 1}), told(5, id="new", input={"order": 2}))
    drop_expired(NOW)
    with team_context(team.id):
        assert Execution.objects.count() == 2
        assert (Step.objects.count(), Payload.objects.count()) == (2, 1)
        run = RetentionRun.objects.get()
    assert (run.kind, run.limit_days, run.row_count) == ("payloads", 10, 1)
    at = NOW - timedelta(days=20)
    late = report(id="old", started_at=at, output={"done": True})
    assert send(team, late).stored == 1


def test_debug_lines_go_with_debug_executions(team: Team) -> None:
    at = NOW - timedelta(days=40)
    lines = [LogReport(message="in detail", level="DEBUG", at=at), LogReport(message="in short", level="INFO", at=at)]
    send(team, report(id="run", started_at=at, finished_at=at, logs=lines))
    with team_context(team.id):
        assert LogLine.objects.count() == 2
    drop_expired(NOW)
    with team_context(team.id):
        assert [line.message for line in LogLine.objects.all()] == ["in short"]
    more = LogReport(message="late detail", level="debug", at=at)
    assert send(team, report(id="run", logs=[more])).stored == 1


def test_marked_environments_and_workflows_are_debug(team: Team) -> None:
    other = workflow_id(team.id, "nightly")
    save_policy(team_id=team.id, values={"debug_environments": ["qa"], "debug_workflows": [other]}, now=NOW)
    forget_classes()
    send(
        team,
        report(id="marked"),
        report(id="qa", workflow="w", environment="QA"),
        report(id="dev", workflow="w", environment="dev"),
    )
    with team_context(team.id):
        found = dict(Execution.objects.values_list("external_id", "retention_class"))
    assert found == {"marked": 1, "qa": 1, "dev": 0}


def test_imported_history_goes_once_that_is_confirmed(team: Team) -> None:
    send(team, told(100, id="history", is_imported=True))
    save_policy(team_id=team.id, values={"deletes_imported": True}, now=NOW)
    assert drop_expired(NOW).executions == 1


def test_a_limit_below_what_is_recommended_asks_for_a_reason(team: Team) -> None:
    with pytest.raises(PolicyRefused, match="reason must be told"):
        save_policy(team_id=team.id, values={"production_days": 8}, now=NOW)
    with pytest.raises(PolicyRefused, match="production_days must be 7"):
        save_policy(team_id=team.id, values={"production_days": 3, "reason": "no"}, now=NOW)


def test_figures_go_after_their_own_limit(team: Team) -> None:
    store(team, report())
    assert drop_expired(NOW + timedelta(days=300)).executions == 1
    with team_context(team.id):
        assert Rollup.objects.filter(grain=Grain.DAY).exists()
    drop_expired(NOW + timedelta(days=400))
    with team_context(team.id):
        assert not Rollup.objects.exists()
