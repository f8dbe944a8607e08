"""Cron text is refused in the same words wherever it is told: on three forms, by API of rules, workflows and runs."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Scope
from accounts.tenancy import team_context
from alerts.models import AlertRule, Silence
from monitoring.models import Workflow
from tests.factories import ApiKeyFactory, report, store

pytestmark = pytest.mark.django_db
FIVE = "ave five fields (minute, hour, day of month, month, day of week), not 2, or be a preset such as @daily"
REFUSED = [
    ("every day", f"ust h{FIVE}"),
    ("0 25 * * *", "annot be read at the hour: it takes 0 to 23, *, lists, ranges and steps"),
    ("0 0 30 2 *", "s never due: no such month has that day"),
    ("0 6 * * " + "1," * 50 + "1", "ust have at most 100 characters"),
]


@pytest.fixture
def key(team) -> str:
    store(team, report())
    scopes = [Scope.INGEST, Scope.READ, Scope.ALERT, Scope.CLASSIFY]
    return ApiKeyFactory(team=team, scopes=scopes).text


def by_form(client: Client, team, cron: str) -> dict[str, Any]:
    """The answers of the forms of a rule, a silence and a workflow's schedule."""
    page, ends = f"/t/{team.slug}", f"{timezone.now() + timedelta(days=8):%Y-%m-%dT%H:%M}"
    rule = {"metric": "missed_schedule", "for_metric": "missed_schedule", "workflow": "nightly", "cron": cron}
    silence = {"kind": "silence", "reason": "Known", "ends": ends, "zone": "UTC", "cron": cron, "minutes": "60"}
    return {
        "rule": client.post(f"{page}/alerts/rules/new/", rule),
        "silence": client.post(f"{page}/alerts/silences/", silence),
        "workflow": client.post(f"{page}/workflows/nightly/schedule/", {"schedule": cron}),
    }


def by_api(key: str, cron: str) -> dict[str, Any]:
    """The answers of the API about a rule, a workflow and a run."""
    rule = {"name": "x", "metric": "missed_schedule", "workflow": "nightly", "parameters": {"cron": cron}}
    told: Mapping[str, tuple[str, str, dict[str, Any]]] = {
        "rule": ("post", "alert-rules/", rule),
        "workflow": ("patch", "workflows/nightly/", {"schedule": cron}),
        "run": ("post", "executions", {"id": "e1", "workflow": "nightly", "schedule": cron}),
    }
    client = Client(headers={"authorization": f"Bearer {key}"})
    return {
        name: getattr(client, method)(f"/api/v1/{address}", json.dumps(body), content_type="application/json")
        for name, (method, address, body) in told.items()
    }


@pytest.mark.parametrize(("cron", "reason"), REFUSED)
def test_it_is_refused_in_the_same_words(owner_client, team, key, cron, reason) -> None:
    found = {"form": by_form(owner_client, team, cron), "api": by_api(key, cron)}
    texts = {(way, name): one.content.decode() for way, answers in found.items() for name, one in answers.items()}
    assert [about for about, text in texts.items() if reason not in text] == []
    with team_context(team.id):
        assert not AlertRule.objects.exists()
        assert not Silence.objects.exists()
        assert Workflow.objects.get().schedule == ""


def test_a_preset_is_kept_as_what_it_stands_for(owner_client, team, key) -> None:
    assert [one.status_code for one in by_form(owner_client, team, " @Daily").values()] == [302, 302, 302]
    with team_context(team.id):
        assert Workflow.objects.get().schedule == "0 0 * * *"
        assert Silence.objects.get().cron == "0 0 * * *"
        assert AlertRule.objects.get().parameters == {"cron": "0 0 * * *"}
    answers = by_api(key, "@weekly")
    assert [one.status_code for one in answers.values()] == [201, 200, 200]
    with team_context(team.id):
        one = Workflow.objects.get()
        assert (one.schedule, one.told_schedule) == ("0 0 * * 0", "0 0 * * 0")
