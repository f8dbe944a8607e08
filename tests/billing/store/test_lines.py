"""The fold of cost lines: what is due, who does it, what happens to hours that cannot be made."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DataError

from accounts.models import Team
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from billing import tasks
from billing.models import CostDue, CostGrain, CostLine, CostRollup
from billing.reads.freshness import costs_as_of
from billing.store import due, lines
from billing.store.cost_lock import lock_costs
from monitoring.models import Diagnosis
from monitoring.services.diagnosis import diagnose_due
from monitoring.statuses import Status
from monitoring.store import rollups
from tests.billing.golden import HOUR, NOW, described, run, tell
from tests.factories import report, send, step

pytestmark = pytest.mark.django_db
SOON = NOW + due.DELAY


def test_hours_are_made_once_they_are_due_and_figures_say_how_fresh_they_are(team: Team) -> None:
    """Reported now, folded now, due half a minute later, then up to date."""
    tell(team, run("a", "told 1"))
    with team_context(team.id):
        assert costs_as_of(team.id, NOW + timedelta(seconds=3)) == NOW
    rollups.fold_all(NOW)
    with team_context(team.id):
        assert costs_as_of(team.id, SOON) == NOW
    assert lines.fold_due(NOW, seconds=5) == 0
    assert lines.fold_due(SOON, seconds=5) == 1
    assert described(team) == ["usage good told calls 1 cost 1"]
    assert not CostDue.objects.exists()
    with team_context(team.id):
        assert costs_as_of(team.id, SOON) == SOON


def test_each_team_has_its_own_lines_and_none_waits_for_the_other(team: Team, other_team: NewTeam) -> None:
    """A batch of each in turn."""
    for number in range(3):
        tell(team, run(f"a{number}", "told 1", hour=HOUR + timedelta(hours=number)))
    tell(other_team.team, run("a0", "told 5"))
    rollups.fold_all(NOW)
    assert lines.fold_due(SOON, seconds=0, limit=1) == 0
    assert lines.fold_due(SOON, seconds=30, limit=1) == 4
    assert described(other_team.team) == ["usage good told calls 1 cost 5"]
    assert len(described(team)) == 3


def test_a_run_whose_workflow_nobody_told_has_lines(team: Team) -> None:
    """And once it is told, they are the workflow's."""
    tell(team, run("a", "told 1", workflow=None))
    rollups.fold_all(NOW)
    lines.fold_all(NOW)
    with team_context(team.id):
        before = CostLine.objects.get().workflow_id
    tell(team, run("a", "told 1", workflow="nightly"))
    rollups.fold_all(NOW)
    lines.fold_all(NOW)
    with team_context(team.id):
        after = CostLine.objects.get()
        assert (before.int, after.cost_usd) == (0, Decimal(1))
        assert after.workflow_id != before
        rows = CostRollup.objects.filter(grain=CostGrain.MONTH, dimension=0)
        assert [row.workflow_id for row in rows] == [after.workflow_id]


def test_an_hour_that_cannot_be_made_does_not_stop_the_others(team: Team, monkeypatch: Any, caplog: Any) -> None:
    """It is told in the log and tried again ten minutes later."""
    for number in range(3):
        tell(team, run(f"a{number}", "told 1", hour=HOUR + timedelta(hours=number)))
    rollups.fold_all(NOW)
    bad, original = HOUR + timedelta(hours=1), lines.make

    def make(team_id: Any, claimed: list[due.Due], now: Any) -> None:
        if any(one.hour.hour == bad for one in claimed):
            raise DataError("out of range")
        original(team_id, claimed, now)

    monkeypatch.setattr(lines, "make", make)
    lines.fold_due(SOON, seconds=30)
    assert len(described(team)) == 2
    assert "could not be made" in caplog.text
    with team_context(team.id):
        assert costs_as_of(team.id, SOON + timedelta(minutes=1)) == NOW
    monkeypatch.undo()
    assert lines.fold_due(SOON + timedelta(minutes=1), seconds=30) == 0
    assert lines.fold_due(SOON + due.PUT_OFF, seconds=30) == 1
    assert len(described(team)) == 3


def test_a_diagnosis_that_comes_later_has_the_hour_made_again(team: Team) -> None:
    """What was spent after the divergence is known only then."""
    good = [step(id=f"s{n}", node=f"n{n}", position=n, cost_usd=Decimal(1)) for n in range(3)]
    for number in range(6):
        send(team, report(id=f"good{number}", steps=good))
    bad = [
        step(id="s0", node="n0", position=0, cost_usd=Decimal(1)),
        step(id="s1", node="n1", position=1, cost_usd=Decimal(1), status=Status.FAILED),
    ]
    from tests.factories import NOW as THEN

    send(team, report(id="bad", status=Status.FAILED, steps=bad))
    rollups.fold_all(THEN)
    lines.fold_all(THEN)
    assert not CostDue.objects.exists()
    diagnose_due(THEN + timedelta(minutes=1), seconds=30)
    with team_context(team.id):
        has_diverged = Diagnosis.objects.get().first_step_id is not None
    assert has_diverged
    assert CostDue.objects.exists()


def test_the_task_and_the_command_make_lines(team: Team, capsys: pytest.CaptureFixture[str]) -> None:
    """The task what is due; the command what is marked, or all hours of some days, of one team or all."""
    tell(team, run("a", "told 1", hour=HOUR), run("b", "told 2", hour=HOUR + timedelta(days=1)))
    rollups.fold_all(NOW)
    CostDue.objects.update(due_at=HOUR)
    tasks.fold_costs()
    assert len(described(team)) == 2
    with team_context(team.id):
        CostLine.objects.all().delete()
    call_command("fold_costs", team=team.slug, start=(HOUR + timedelta(days=1)).date(), verbosity=0)
    assert described(team) == ["usage good told calls 1 cost 2 hour 08-13.10"]
    call_command("fold_costs", end=(HOUR + timedelta(days=1)).date(), verbosity=0)
    assert len(described(team)) == 2
    assert "1 hours made" in capsys.readouterr().out


def test_records_are_removed_once_their_costs_are_made(team: Team) -> None:
    """What is marked is made first, also what is not due yet; while there is more, records stay."""
    tell(team, run("a", "told 1"))
    rollups.fold_all(NOW)
    assert not lines.settle(NOW, seconds=0)
    assert lines.settle(NOW)
    assert described(team) == ["usage good told calls 1 cost 1"]


@pytest.mark.parametrize(
    ("options", "why"),
    [(["--team", "nobody"], "no team"), (["--from", "2026-08-02", "--to", "2026-08-02"], "later than")],
)
def test_the_command_says_what_it_cannot_do(options: list[str], why: str) -> None:
    """With the option."""
    with pytest.raises(CommandError, match=why):
        call_command("fold_costs", *options)


@pytest.mark.django_db(transaction=True)
def test_a_team_that_another_process_is_at_is_left_to_it(elsewhere: Callable[[Callable[[], Any]], Any]) -> None:
    """And taken as soon as that one has ended."""
    from accounts.services.teams import create_team_with_owner

    team = create_team_with_owner(name="Alone", email="alone@example.test").team
    tell(team, run("a", "told 1"))
    rollups.fold_all(NOW)
    with team_context(team.id):
        assert lock_costs(team.id, wait=False)
        assert elsewhere(lambda: lines.fold_due(SOON, seconds=1)) == 0
    assert lines.fold_due(SOON, seconds=5) == 1


@pytest.fixture
def elsewhere() -> Callable[[Callable[[], Any]], Any]:
    """Runs something in a thread with a connection of its own."""
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    def call(work: Callable[[], Any]) -> Any:
        try:
            return work()
        finally:
            connection.close()

    def submit(work: Callable[[], Any]) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(call, work).result()

    return submit
