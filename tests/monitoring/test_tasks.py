"""Tasks on the beat do what tables say, and nothing twice."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Team
from accounts.tenancy import team_context
from monitoring import tasks
from monitoring.analysis.triage import EventKind, Terms
from monitoring.models import FailureGroup, Grain, Rollup
from monitoring.reads import trends
from monitoring.reads.triage import history_of
from monitoring.services.triage import decide
from monitoring.statuses import Status
from monitoring.windows import parse_window
from tests.factories import report, send


@pytest.mark.usefixtures("in_team")
def test_what_was_reported_is_in_the_figures_after_the_next_beat(team: Team) -> None:
    now = timezone.now()
    send(team, report(started_at=now - timedelta(seconds=9), finished_at=now - timedelta(seconds=1)), now=now)
    tasks.fold_rollups.run()
    assert trends.totals(team.id, parse_window("now-1h", None, timezone.now())).runs == 1


@pytest.mark.django_db
def test_clearing_keeps_the_figures_of_what_it_removes(team: Team) -> None:
    now = timezone.now()
    old = now - timedelta(days=200)
    send(team, report(id="old", started_at=old, finished_at=old), report(id="new", started_at=now), now=now)
    tasks.drop_expired.run()
    with team_context(team.id):
        days = Rollup.objects.filter(grain=Grain.DAY, dimension=0)
        assert sorted(days.values_list("runs", flat=True)) == [1, 1]
        assert trends.totals(team.id, parse_window("now-1000d", None, now)).runs == 2


@pytest.mark.django_db
def test_partitions_are_made_once(team: Team) -> None:
    tasks.make_partitions.run()
    tasks.make_partitions.run()


@pytest.mark.django_db
def test_ignoring_whose_time_has_come_ends_on_the_next_beat(team: Team) -> None:
    now = timezone.now()
    send(team, report(status=Status.FAILED, started_at=now - timedelta(hours=2), finished_at=now - timedelta(hours=2)))
    with team_context(team.id):
        group = FailureGroup.objects.get().id
        terms = Terms(until_at=now - timedelta(minutes=1))
        decide(team_id=team.id, group_ids=[group], kind=EventKind.IGNORED, terms=terms, by="key", now=now)
    for _ in range(2):
        tasks.follow_triage.run()
    with team_context(team.id):
        assert [one.kind for one in history_of(team.id, group)] == [EventKind.EXPIRED, EventKind.IGNORED]
