"""What pointed to a removed row points to nothing: no key of the database does this, so that it fits a cluster."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import MemberGroup, Team
from accounts.services.erasure import erase_team
from accounts.services.groups import remove_group
from accounts.tenancy import team_context
from alerts.models import Incident
from alerts.services.forgetting import forget_workflows
from monitoring.models import Workflow
from tests.alerts.opening import breach, opened, rule, workflow
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def parts(team: Team) -> list[Incident]:
    """Two incidents of different workflows, of which the second counts to the first."""
    first, second = opened(team, *(breach(rule(team), workflow(team, name)) for name in ("lead", "part")))
    Incident.objects.filter(id=second.id).update(parent=first)
    return [first, second]


def test_a_group_that_goes_leaves_its_workflows_without_one(team: Team) -> None:
    with team_context(team.id):
        group, about = MemberGroup.objects.create(team=team, name="Payments", created_at=NOW), workflow(team)
        Workflow.objects.filter(id=about.id).update(owner_group=group)
        assert remove_group(team_id=team.id, group_id=group.id)
        assert Workflow.objects.get(id=about.id).owner_group_id is None


def test_an_incident_stays_when_the_one_it_counts_to_goes(team: Team) -> None:
    with team_context(team.id):
        first, second = parts(team)
        assert first.workflow_id is not None
        forget_workflows(team.id, [first.workflow_id])
        assert list(Incident.objects.values_list("id", "parent_id")) == [(second.id, None)]


def test_the_database_refuses_to_remove_what_something_points_to(team: Team) -> None:
    with team_context(team.id), connection.cursor() as cursor:
        first, _ = parts(team)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute("DELETE FROM incident WHERE team_id = %s AND id = %s", [team.id, first.id])
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_a_team_is_erased_in_batches_that_part_incidents(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.services.erasure.BATCH", 1)
    with team_context(team.id):
        first, second = parts(team)
        Incident.objects.filter(id=first.id).update(parent=second)
    Team.objects.filter(id=team.id).update(erased_from=NOW - timedelta(days=1))
    team.refresh_from_db()
    erased = erase_team(team)
    assert erased.rows["incident"] == 2
    assert not Team.objects.filter(id=team.id).exists()
