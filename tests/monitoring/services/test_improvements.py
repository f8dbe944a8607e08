"""The course of an improvement on real records: planned, released, helped or not, and back when the failure is."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import Team, User
from accounts.tenancy import team_context
from monitoring.models import FailureGroup, Improvement, ImprovementDue, ImprovementEvent, Release, Workflow
from monitoring.services.improvements import (
    ImprovementRefused,
    Wanted,
    change_improvement,
    comment,
    move_improvement,
    plan_improvement,
    release_improvement,
    settle_improvement,
)
from monitoring.services.proofs import CLAIM, measure_due
from monitoring.windows import HOUR, floor_to
from tests.factories import report
from tests.monitoring.services.improving import WORKFLOW, find, report_all, runs

pytestmark = pytest.mark.django_db

NOW = floor_to(timezone.now(), HOUR)
LIVE = NOW - timedelta(hours=30)


@pytest.fixture
def failing(team: Team) -> Team:
    """Nine days of release 41, of which one run in five fails the same way."""
    report_all(team, runs(LIVE - timedelta(days=9), 9 * 24, "41", failing=1, per_hour=5), LIVE)
    return team


def planned(team: Team, by: User, **fields: object) -> Improvement:
    with team_context(team.id):
        workflow, group = Workflow.objects.get(name=WORKFLOW), FailureGroup.objects.get()
        told = {
            "workflow_id": workflow.id,
            "kind": "node_design",
            "title": "Handle a missing company",
            "metric": "group_rate",
            "failure_group_id": group.id,
            "expected_change": -0.8,
        }
        return plan_improvement(team_id=team.id, wanted=Wanted(**{**told, **fields}), by=by, now=LIVE)


def released(team: Team, one: Improvement, by: User, name: str = "42", at: datetime = LIVE) -> None:
    with team_context(team.id):
        release_improvement(team_id=team.id, improvement_id=one.id, release=name, by=by, now=at)


def measured(team: Team, one: Improvement, now: datetime) -> Improvement:
    ImprovementDue.objects.update(due_at=now)
    measure_due(now, seconds=30)
    with team_context(team.id):
        return Improvement.objects.select_related("release", "reopened_by").get(id=one.id)


def events(team: Team, one: Improvement) -> list[tuple[str, dict]]:
    with team_context(team.id):
        rows = ImprovementEvent.objects.filter(improvement=one).order_by("at", "id")
        return [(row.kind, row.detail) for row in rows]


@pytest.mark.parametrize("metric", ["group_rate", "failure_rate"])
def test_it_closes_itself_when_the_failures_stop_and_reopens_when_they_return(failing, owner, metric) -> None:
    one = planned(failing, owner, metric=metric)
    released(failing, one, owner)
    report_all(failing, runs(LIVE + HOUR, 4, "42", failing=0, per_hour=5), NOW)
    early = measured(failing, one, LIVE + 5 * HOUR)
    assert early.status == "released"
    assert early.result["outcome"] == "cannot_tell"
    assert early.result["runs_needed"] > 0
    assert f"{early.result['runs_needed']} more run" in early.result["reason"]
    report_all(failing, runs(LIVE + 5 * HOUR, 15, "42", failing=0, per_hour=5), NOW)
    done = measured(failing, one, LIVE + 20 * HOUR)
    assert done.status == "helped"
    assert done.result["before"] == pytest.approx(0.2)
    assert done.result["after"] == 0
    assert done.result["high"] < 0
    assert measured(failing, one, LIVE + 21 * HOUR).status == "helped"
    report_all(failing, runs(LIVE + 22 * HOUR, 1, "43", failing=1, per_hour=5), NOW)
    back = measured(failing, one, LIVE + 24 * HOUR)
    assert back.status == "reopened"
    assert back.reopened_by is not None
    assert back.reopened_by.name == "43"
    steps = [detail.get("to") for kind, detail in events(failing, one) if kind == "status"]
    assert steps == ["released", "helped", "reopened"]
    assert not ImprovementDue.objects.exists()


def test_what_changed_nothing_did_not_help(failing, owner) -> None:
    one = planned(failing, owner)
    released(failing, one, owner)
    report_all(failing, runs(LIVE + HOUR, 28, "42", failing=1, per_hour=5), NOW)
    done = measured(failing, one, NOW)
    assert done.status == "no_help"
    assert done.result["progress"] == 1


def test_a_canary_is_compared_with_the_old_release_at_the_same_time(failing, owner) -> None:
    """After the release everything gets worse, with the old one much more: the new one helped."""
    one = planned(failing, owner)
    released(failing, one, owner)
    old = runs(LIVE + HOUR, 28, "41", failing=3, per_hour=6, name="old")
    report_all(failing, old + runs(LIVE + HOUR, 28, "42", failing=0, per_hour=3), NOW)
    done = measured(failing, one, NOW)
    assert done.result["method"] == "canary"
    assert done.result["before"] == pytest.approx(0.5)
    assert done.status == "helped"


def test_without_told_releases_time_alone_decides(team, owner) -> None:
    report_all(team, runs(LIVE - timedelta(days=9), 9 * 24, None, failing=1, per_hour=5), LIVE)
    one = planned(team, owner)
    released(team, one, owner)
    report_all(team, runs(LIVE + HOUR, 20, None, failing=0, per_hour=5), NOW)
    assert measured(team, one, NOW).status == "helped"
    with team_context(team.id):
        assert Release.objects.get(name="42").released_at == LIVE


def priced(start: datetime, hours: int, release: str, seconds: float, usd: str) -> list:
    """Four runs an hour that take about so long and cost so much each."""
    made = []
    for number in range(hours * 4):
        at, factor = start + number * timedelta(minutes=15), 0.5 + (number * 7 % 11) / 10
        told = {"started_at": at - timedelta(seconds=seconds * factor), "finished_at": at}
        cost = Decimal(usd) * (number % 3 + 1)
        made.append(report(id=f"{release}-{number}", workflow=WORKFLOW, release=release, cost_usd=cost, **told))
    return made


@pytest.mark.parametrize("metric", ["p95_ms", "mean_ms", "cost_usd"])
def test_latency_and_cost_that_fall_helped(team, owner, metric) -> None:
    report_all(team, priced(LIVE - timedelta(days=9), 9 * 24, "41", 60, "0.02"), LIVE)
    one = planned_of_workflow(team, owner, metric)
    released(team, one, owner)
    report_all(team, priced(LIVE + HOUR, 28, "42", 20, "0.005"), NOW)
    done = measured(team, one, NOW)
    assert done.status == "helped", done.result
    result = done.result
    if metric == "p95_ms":
        assert result["p95_before_ms"] == pytest.approx(90_000, rel=0.05)
        assert result["p95_after_ms"] == pytest.approx(30_000, rel=0.05)
        assert result["before"] == pytest.approx(0.1, abs=0.06)
    elif metric == "cost_usd":
        assert result["before"] == pytest.approx(0.04, rel=0.01)
        assert result["relative"] == pytest.approx(-0.75, abs=0.02)
    else:
        assert result["before"] == pytest.approx(60_000, rel=0.01)


def planned_of_workflow(team: Team, by: User, metric: str) -> Improvement:
    """Without a failure group."""
    with team_context(team.id):
        told = Wanted(Workflow.objects.get().id, "timeout_retry", "Shorter", metric)
        return plan_improvement(team_id=team.id, wanted=told, by=by, now=LIVE)


@pytest.mark.parametrize("metric", ["unmet_rate", "tokens", "cost_usd"])
def test_a_figure_that_nobody_told_cannot_be_measured(failing, owner, metric) -> None:
    one = planned_of_workflow(failing, owner, metric)
    released(failing, one, owner)
    report_all(failing, runs(LIVE + HOUR, 5, "42", failing=0, per_hour=5), NOW)
    assert "Only 0 runs before the release can be compared" in measured(failing, one, NOW).result["reason"]


def test_a_release_without_runs_says_so(failing, owner) -> None:
    one = planned(failing, owner)
    released(failing, one, owner)
    assert "No run has finished" in measured(failing, one, NOW).result["reason"]
    report_all(failing, runs(LIVE + HOUR, 3, "41", failing=1, name="more"), NOW)
    assert "No run of release 42" in measured(failing, one, NOW).result["reason"]


def test_a_finding_bounds_what_came_before(failing, owner) -> None:
    with team_context(failing.id):
        group = FailureGroup.objects.get()
    finding = find(failing, group.id, LIVE - timedelta(days=2), LIVE)
    one = planned(failing, owner, finding_id=finding.id)
    released(failing, one, owner)
    report_all(failing, runs(LIVE + HOUR, 20, "42", failing=0, per_hour=5), NOW)
    done = measured(failing, one, NOW)
    assert done.result["from"] >= (LIVE - timedelta(days=2)).isoformat()
    assert done.result["alike"] == "hour of the day"


def test_a_killed_worker_loses_nothing(failing, owner, monkeypatch) -> None:
    one = planned(failing, owner)
    released(failing, one, owner)
    report_all(failing, runs(LIVE + HOUR, 20, "42", failing=0, per_hour=5), NOW)

    def killed(*told: object, **more: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("monitoring.services.proofs.settle_improvement", killed)
        with pytest.raises(SystemExit):
            measure_due(NOW, seconds=5)
    assert measure_due(NOW, seconds=5) == 0
    assert measure_due(NOW + CLAIM, seconds=5) >= 1
    with team_context(failing.id):
        assert Improvement.objects.get(id=one.id).status == "helped"


def test_what_was_released_anew_meanwhile_is_not_closed_by_an_old_measurement(failing, owner) -> None:
    one = planned(failing, owner)
    released(failing, one, owner)
    with team_context(failing.id):
        measured_one = Improvement.objects.select_related("release").get(id=one.id)
        told = {"team_id": failing.id, "improvement_id": one.id, "by": owner}
        move_improvement(**told, status="planned", now=NOW)
        release_improvement(**told, release="43", now=NOW)
        settle_improvement(measured=measured_one, result={"outcome": "helped"}, now=NOW)
        assert Improvement.objects.get(id=one.id).status == "released"


def test_steps_by_hand_are_checked_and_kept(failing, owner) -> None:
    one = planned(failing, owner)
    told = {"team_id": failing.id, "improvement_id": one.id, "by": owner, "now": NOW}
    with team_context(failing.id):
        with pytest.raises(ImprovementRefused, match="cannot go from planned to helped"):
            move_improvement(**told, status="helped")
        release_improvement(**told, release="42")
        move_improvement(**told, status="helped", text="Seen on the dashboard of the tool")
        move_improvement(**told, status="reopened")
        comment(**told, text="Not yet")
        change_improvement(**told, changes={"title": "Another title"})
    found = dict.fromkeys(kind for kind, _ in events(failing, one))
    assert set(found) == {"created", "status", "comment", "changed"}
    assert ("changed", {"title": ["Handle a missing company", "Another title"]}) in events(failing, one)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"title": " "}, "title must be told"),
        ({"title": "x" * 301}, "at most 300 characters"),
        ({"kind": "magic"}, "kind must be one of"),
        ({"metric": "luck"}, "metric must be one of"),
        ({"failure_group_id": None}, "needs a failure group"),
        ({"expected_change": 0.5}, "reduction by 5% to 100%"),
        ({"expected_change": -0.01}, "reduction by 5% to 100%"),
        ({"links": ["javascript:alert(1)"]}, "links must be"),
        ({"owner_id": uuid4()}, "owner must be a member"),
        ({"finding_id": uuid4()}, "finding is not one of this workflow"),
        ({"failure_group_id": uuid4()}, "group is not one of this workflow"),
        ({"workflow_id": uuid4()}, "workflow is not known"),
        ({"text": "a\x00b"}, "no NUL"),
    ],
)
def test_what_cannot_be_kept_names_field_reason_and_limit(failing, owner, fields, reason) -> None:
    with pytest.raises(ImprovementRefused, match=reason):
        planned(failing, owner, **fields)
