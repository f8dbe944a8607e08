"""Verdicts, proposals and baselines in the reading API."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Team
from accounts.services.teams import NewTeam
from monitoring.services.baselines import build_all
from monitoring.statuses import Status
from tests.factories import NOW, report, step, store
from tests.monitoring.api.test_reading import TRENDS, WORKFLOWS, Caller

BASELINES = "/api/v1/baselines/"
RANGE = {"from": "2026-08-05T12:00:00Z", "to": "2026-08-12T12:00:00Z"}


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def caller(api_key: str) -> Caller:
    return Caller(api_key)


@pytest.fixture
def weeks(team: Team) -> Team:
    """Three weeks of `nightly`, of type n8n, every two hours; it fails all the time on the last day."""
    runs = []
    for n in range(252):
        end = NOW - timedelta(hours=2 * n + 1)
        status = Status.FAILED if n < 12 else Status.SUCCEEDED
        times: dict[str, Any] = {"started_at": end - timedelta(seconds=30)}
        visit = step(node="work", status=status, ended_at=end, **times)
        told = report(workflow_type="n8n", release="7", status=status, finished_at=end, steps=[visit], **times)
        runs.append(told)
    store(team, *runs)
    build_all(NOW)
    return team


def test_trends_of_a_workflow_have_its_verdict_with_all_facts(weeks: Team, caller: Caller) -> None:
    told = caller.get(TRENDS, workflow="nightly", environment="production", **RANGE)
    verdict = told["verdict"]
    assert verdict["environment"] == "production"
    assert verdict["usual_error_rate"]["side"] == "above"
    assert verdict["scope"]["kind"] in ("local", "occasional")
    assert verdict["streak"]["failures"] == 12
    assert verdict["began"]["of"] == "failures"
    assert told["proposed_objectives"]["success_rate"]["value"] is not None
    assert caller.get(TRENDS, **RANGE)["verdict"] is None


def test_the_list_has_verdicts_and_proposals(weeks: Team, caller: Caller) -> None:
    (row,) = caller.get(WORKFLOWS, environment="production", **RANGE)["results"]
    assert row["verdict"] == row["verdict_details"]["kind"]
    assert row["verdict_reason"] == row["verdict_details"]["sentence"]
    assert row["objective_freshness_ms"] is None
    assert row["proposed_objectives"]["p95_ms"]["value"] in (30_000, 45_000)


def test_baselines_have_ranges_by_hour_of_the_week(weeks: Team, caller: Caller) -> None:
    told = caller.get(BASELINES, workflow="nightly")
    assert told["environment"] == "production"
    assert {row["of"] for row in told["results"]} == {"workflow", "node", "release"}
    (one,) = caller.get(BASELINES, workflow="nightly", of="node", metric="duration_p50")["results"]
    assert (one["value"], one["samples"], len(one["hours"])) == ("work", 252, 168)
    assert all(0 <= place < len(one["ranges"]) for place in one["hours"])
    assert one["ranges"][0]["low"] < 30_000 < one["ranges"][0]["high"]
    (of_type,) = caller.get(BASELINES, workflow_type="n8n", metric="volume")["results"]
    assert (of_type["of"], of_type["value"]) == ("workflow_type", "n8n")
    assert caller.get(BASELINES, workflow="nightly", environment="staging")["results"] == []


@pytest.mark.parametrize(
    "parameters",
    [{}, {"workflow": "a", "workflow_type": "b"}, {"workflow": "a", "metric": "mood"}, {"workflow": "a", "of": "x"}],
)
@pytest.mark.django_db
def test_what_cannot_be_meant_is_refused(caller: Caller, parameters: dict[str, str]) -> None:
    assert caller.get(BASELINES, expect=400, **parameters)


def test_another_team_finds_nothing(weeks: Team, other_team: NewTeam) -> None:
    assert Caller(other_team.api_key).get(BASELINES, workflow="nightly")["results"] == []
