"""Findings are made of stored runs when they are due, kept, confirmed, gone, back, and lost by nobody's death."""

from datetime import timedelta

import pytest
from django.db import connection

from accounts.models import Team
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from monitoring import tasks
from monitoring.models import Finding, FindingDue
from monitoring.services import findings
from monitoring.services.finding_decisions import DecisionRefused, dismiss_finding, reopen_finding
from monitoring.services.findings import build_all, build_due
from monitoring.store import finding_queue
from tests.factories import NOW, store
from tests.monitoring.finding_runs import HOUR, broken, fill, lead, the_finding

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def rows(team: Team) -> list[Finding]:
    with team_context(team.id):
        return list(Finding.objects.order_by("-worth", "title"))


def test_what_runs_have_in_common_becomes_a_finding_with_advice(team: Team) -> None:
    store(team, *broken())
    assert build_due(NOW) == 1
    found = the_finding(team)
    assert (found.kind, found.status) == ("concentration", "open")
    assert found.title == "Failures are concentrated in step score and input type scan"
    assert found.executions_per_week == pytest.approx(24, rel=0.03)
    assert found.worth == pytest.approx(24, rel=0.03)
    assert float(found.cost_per_week_usd or 0) == pytest.approx(24 * 0.02, rel=0.03)
    assert found.evidence["where"] == {"step": "score", "input": "scan"}
    assert sum(found.evidence["points"]) == 24
    assert [event["what"] for event in found.events] == ["found"]
    # Nothing is said of tools and models that are not there.
    assert found.advice[0]["kind"] == "node design"
    assert {one["kind"] for one in found.advice[1:]} == {"retry and back-off", "timeout"}
    assert found.advice[0]["sentence"].startswith(
        "Handle input type scan at score: all of its runs fail there, 24 of 24"
    )
    money = next(one for one in rows(team) if one.kind == "cost")
    assert money.title == "Money is spent on runs that fail"


def test_a_step_that_fails_whatever_its_input_is_named_alone_with_its_group(team: Team) -> None:
    store(team, *broken(input_type="form"))
    build_due(NOW)
    found = the_finding(team)
    assert found.title == "Failures are concentrated in step score"
    assert found.failure_group_id is not None
    retry = next(one for one in found.advice if one["kind"] == "retry and back-off")
    assert retry["sentence"].startswith("Do not retry score: 24 of 24 failures are errors that come again")


def test_a_healthy_workflow_has_none(team: Team) -> None:
    store(team, *broken(2, of=120))
    build_due(NOW)
    assert rows(team) == []


def test_the_same_finding_is_found_again_and_not_doubled(team: Team) -> None:
    fill(team)
    first = rows(team)
    later = NOW + HOUR
    store(team, *broken(1, of=5, now=later, first=500), now=later)
    assert build_due(later) == 1
    again = rows(team)
    assert [one.id for one in again] == [one.id for one in first]
    assert {one.confirmed_at for one in again} == {later}
    assert {one.found_at for one in again} == {NOW}


def test_it_is_looked_at_every_half_hour_and_without_runs_after_six(team: Team) -> None:
    store(team, *broken())
    assert build_due(NOW) == 1
    assert build_due(NOW) == 0
    store(team, lead(900, NOW + timedelta(minutes=5)), now=NOW + timedelta(minutes=5))
    assert build_due(NOW + timedelta(minutes=29)) == 0
    assert build_due(NOW + timedelta(minutes=30)) == 1
    assert build_due(NOW + timedelta(hours=6)) == 0
    assert build_due(NOW + timedelta(hours=6, minutes=30)) == 1
    # Without a run in four weeks there is nothing to look at any more.
    assert build_due(NOW + timedelta(days=40)) == 1
    assert FindingDue.objects.get(team=team).due_at is None


def test_what_was_repaired_is_gone_after_two_looks_and_comes_back(team: Team) -> None:
    fill(team)
    later = NOW + 3 * DAY
    store(team, *(lead(2000 + n, later - n * HOUR / 2) for n in range(140)), now=later)
    build_all(later, team_id=team.id)
    assert {one.status for one in rows(team)} == {"open"}
    build_all(later + HOUR, team_id=team.id)
    assert {one.status for one in rows(team)} == {"gone"}
    assert {one.gone_at for one in rows(team)} == {later + HOUR}
    again = later + DAY
    store(team, *broken(24, of=48, now=again, first=3000), now=again)
    build_all(again, team_id=team.id)
    found = the_finding(team)
    assert (found.status, found.gone_at) == ("open", None)
    assert [event["what"] for event in found.events] == ["found", "gone", "came back"]


def test_a_dismissed_one_stays_so_until_it_is_worth_more_than_twice_as_much(team: Team) -> None:
    fill(team, count=12)
    one = the_finding(team)
    with team_context(team.id):
        dismiss_finding(team_id=team.id, finding_id=one.id, why="known", by="Deploy bot", now=NOW)
    build_all(NOW + HOUR, team_id=team.id)
    kept = next(row for row in rows(team) if row.id == one.id)
    assert (kept.status, kept.dismissed_why) == ("dismissed", "known")
    store(team, *(lead(4000 + n, NOW - n * HOUR / 3, failed=True) for n in range(30)))
    build_all(NOW + 2 * HOUR, team_id=team.id)
    back = next(row for row in rows(team) if row.id == one.id)
    assert back.status == "open"
    assert "more than twice the 12" in back.events[-1]["why"]


def test_decisions_that_cannot_be_are_refused_with_the_reason(team: Team) -> None:
    fill(team)
    one = the_finding(team)
    with team_context(team.id):
        told = {"team_id": team.id, "finding_id": one.id, "by": "key", "now": NOW}
        with pytest.raises(DecisionRefused, match="why must have 1 to 2000 characters"):
            dismiss_finding(**told, why="x" * 2001)
        with pytest.raises(DecisionRefused, match="it is open, not dismissed"):
            reopen_finding(**told)
        dismiss_finding(**told, why="known")
        with pytest.raises(DecisionRefused, match="it is dismissed, not open"):
            dismiss_finding(**told, why="known")
        reopen_finding(**told)
    assert the_finding(team).status == "open"


def test_a_worker_that_dies_loses_nothing(team: Team) -> None:
    store(team, *broken())
    assert finding_queue.claim(NOW) is not None
    assert build_due(NOW) == 0
    assert build_due(NOW + finding_queue.LEASE) == 1
    assert the_finding(team).found_at == NOW + finding_queue.LEASE


def test_one_that_goes_wrong_keeps_no_other_waiting(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    store(team, *broken(), *broken(workflow="Other", first=700))
    load = findings.load

    def fail_first(team_id, workflow, *rest):
        if workflow.name == "Lead":
            raise ValueError("odd data")
        return load(team_id, workflow, *rest)

    monkeypatch.setattr(findings, "load", fail_first)
    assert build_due(NOW) == 2
    with team_context(team.id):
        assert {one.workflow.name for one in Finding.objects.select_related("workflow")} == {"Other"}
    monkeypatch.setattr(findings, "load", load)
    assert build_due(NOW + timedelta(minutes=29)) == 0
    assert build_due(NOW + timedelta(minutes=30)) == 1
    with team_context(team.id):
        assert {one.workflow.name for one in Finding.objects.select_related("workflow")} == {"Lead", "Other"}


def test_runs_that_come_while_it_looks_are_looked_at_again(team: Team) -> None:
    store(team, *broken())
    claim = finding_queue.claim(NOW)
    assert claim is not None
    store(team, lead(900, NOW))
    with team_context(team.id):
        finding_queue.finish(claim, NOW, has_runs=True)
    assert FindingDue.objects.get(team=team).due_at == NOW


def test_environments_are_apart(team: Team) -> None:
    store(team, *broken(environment="staging"), *broken(0, first=700))
    build_all(NOW, team_id=team.id)
    found = rows(team)
    with connection.cursor() as cursor, team_context(team.id):
        cursor.execute("SELECT value FROM label WHERE id = %s", [found[0].environment_id])
        assert cursor.fetchone() == ("staging",)
    assert len({one.environment_id for one in found}) == 1


def test_another_team_has_none(team: Team, other_team: NewTeam) -> None:
    fill(team)
    assert rows(other_team.team) == []


def test_missed_starts_are_found_without_a_new_run(team: Team) -> None:
    store(team, *(lead(n, NOW - n * HOUR) for n in range(100)))
    build_all(NOW, team_id=team.id)
    assert rows(team) == []
    build_due(NOW + timedelta(hours=6, minutes=30))
    found = the_finding(team)
    assert (found.kind, found.title) == ("schedule", "6 scheduled starts were missed")
    assert found.advice[0]["settings"]["catch_up"] == "yes"


def test_the_beat_does_it(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    store(team, *broken())
    monkeypatch.setattr(tasks.timezone, "now", lambda: NOW)
    tasks.build_findings.run()
    assert the_finding(team).confirmed_at == NOW
