"""Rules about how things are now, evaluated: what runs, what ran last, failure groups."""

import pytest

from accounts.tenancy import team_context
from alerts import tasks
from alerts.models import AlertState, Incident
from monitoring.statuses import Status
from tests.alerts.ruling import LONG_AGO, MINUTE, due, evaluate, incidents, minute, rule, runs, states, workflow
from tests.factories import report, send

pytestmark = pytest.mark.django_db
LOOK = {"window_s": 0, "min_samples": 0}


def test_failures_in_a_row_open_an_incident_and_a_success_resolves_it(team):
    made = rule(team, metric="failed_in_a_row", threshold=1.0, **LOOK)
    runs(team, -30, good=1)
    runs(team, -3, bad=1)
    evaluate(0)
    assert incidents(team) == []

    runs(team, 0, bad=1)
    evaluate(1)
    assert [one[0] for one in incidents(team)] == ["nightly"]
    assert due(made).due_at == minute(2)

    runs(team, 1, good=1)
    evaluate(2)
    assert incidents(team)[0][3]
    assert states(team) == {"nightly": "ok"}


def test_what_is_stuck_is_over_once_it_does_not_run_any_more(team):
    rule(team, metric="stuck", threshold=600_000.0, **LOOK)
    begin = {"id": "long", "started_at": minute(-20)}
    send(team, report(**begin, status=Status.RUNNING, finished_at=None), now=minute(-20))
    evaluate(0)
    with team_context(team.id):
        assert Incident.objects.get().since <= minute(-10)

    send(team, report(**begin, finished_at=minute(0.5)), now=minute(0.5))
    evaluate(1)

    assert incidents(team)[0][3]
    assert states(team) == {"nightly": "ok"}


def test_a_new_failure_group_is_told_and_not_remembered_for_ever(team):
    workflow(team, "nightly", created_at=LONG_AGO)
    rule(team, metric="new_group", threshold=0.0, **LOOK)
    evaluate(0)
    runs(team, 0, bad=1)
    evaluate(1)
    assert len(incidents(team)) == 1
    with team_context(team.id):
        assert AlertState.objects.get().state == "firing"

    for hour in (1.1, 2.1, 3.3, 4.5):
        evaluate(hour * 60)

    assert incidents(team)[0][3]
    with team_context(team.id):
        assert not AlertState.objects.exists()


def test_the_task_evaluates_what_is_due(team, settings):
    made = rule(team)

    tasks.evaluate_rules()
    tasks.evaluate_rules()

    found = due(made)
    assert found.due_at - found.evaluated_until == MINUTE + found.due_at.second * MINUTE / 60
    assert settings.CELERY_BEAT_SCHEDULE["evaluate-rules"]["task"] == tasks.evaluate_rules.name
