"""What pages and metrics of monitoring show of alerts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.tenancy import team_context
from alerts.identity import subject_id
from alerts.models import AlertState, Incident
from alerts.services.incidents import resolve
from monitoring import ports
from monitoring.models import Workflow
from tests.alerts.opening import breach, failing_at, opened, rule, workflow
from tests.factories import NOW
from tests.monitoring.views.test_replay import read

pytestmark = pytest.mark.django_db
SYSTEM = "api.payments.example"


def test_metrics_know_which_rules_fire(team) -> None:
    with team_context(team.id):
        of, about = rule(team, name="Too many"), workflow(team)
        for workflow_id, state in ((about.id, "firing"), (None, "ok")):
            id = subject_id(of.id, workflow_id, "")
            AlertState.objects.create(
                id=id, team=team, rule=of, workflow_id=workflow_id, state=state, since=NOW, at=NOW
            )
        assert list(ports.alert_states(team.id) or ()) == [
            ports.AlertState("Too many", "", False),
            ports.AlertState("Too many", "checkout", True),
        ]


def test_a_system_shows_the_incident_that_stands_for_its_failures(member_client, team) -> None:
    with team_context(team.id):
        failing_at(team, ["checkout", "refund"])
        opened(team, *(breach(rule(team), one) for one in Workflow.objects.order_by("name")))
        lead = Incident.objects.get(rule__isnull=True)
        (found,) = ports.open_incidents(team.id, "system", SYSTEM) or ()
        assert (found.title, found.workflow) == (f"{SYSTEM} fails: 2 workflows", "")
        assert found.href == f"/t/{team.slug}/incidents/{lead.id}/"
        assert ports.open_incidents(team.id, "system", "api.other.example") == []
        told = f"?from={NOW - timedelta(hours=2):%Y-%m-%dT%H:%MZ}&to={NOW + timedelta(hours=1):%Y-%m-%dT%H:%MZ}"
    assert lead.title in read(member_client, f"/t/{team.slug}/systems/{SYSTEM}/{told}")
    assert '"label": "Incident"' in read(member_client, f"/t/{team.slug}/workflows/checkout/{told}")
    with team_context(team.id):
        resolve(team.id, list(Incident.objects.values_list("id", flat=True)), timezone.now())
        assert ports.open_incidents(team.id, "system", SYSTEM) == []
