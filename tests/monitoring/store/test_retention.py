"""Partitions are made ahead; what is too old goes, imported history stays."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import Team
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from monitoring.models import Execution, Grain, Label, Rollup, Step, Workflow
from monitoring.store.partitions import ensure, make_ahead
from monitoring.store.retention import Retention, drop_expired
from tests.factories import NOW, report, send, step, store

pytestmark = pytest.mark.django_db


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
    assert (dropped.executions, dropped.tables) == (2, 8)
    with team_context(team.id):
        assert list(Execution.objects.values_list("external_id", flat=True)) == ["kept"]
        assert Step.objects.count() == 1
    assert tables_of((NOW - timedelta(days=100)).date()) == 0
    assert drop_expired(NOW).executions == 0


def test_imported_history_stays_and_others_on_its_days_go(team: Team, other_team: NewTeam) -> None:
    send(team, told(100, id="history", is_imported=True), told(100, id="old"))
    send(other_team.team, told(100, id="old"))
    assert drop_expired(NOW, batch=1).executions == 2
    with team_context(team.id):
        assert list(Execution.objects.values_list("external_id", flat=True)) == ["history"]
        assert Step.objects.count() == 1
    with team_context(other_team.team.id):
        assert (Execution.objects.count(), Step.objects.count()) == (0, 0)


def test_retention_is_a_setting(team: Team) -> None:
    send(team, told(5))
    assert drop_expired(NOW, Retention(production_days=6)).executions == 0
    assert drop_expired(NOW, Retention(production_days=4)).executions == 1


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
