"""Requests of a team that come while another one is being stored share a transaction, and nothing else."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import psycopg
import pytest
from django.db import IntegrityError, connection

from accounts.models import Team
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from billing.store.rater import rate_steps
from ingestion import acceptance
from ingestion.acceptance import Also, Outcome, ReportsRefused, accept
from ingestion.records import ExecutionReport
from monitoring.models import Execution, Payload
from monitoring.store.labels import forget_names
from monitoring.store.partitions import forget_partitions
from tests.factories import NOW, report, step
from tests.ingestion.test_gathering import SECONDS, until

pytestmark = pytest.mark.django_db(transaction=True)


class Senders:
    """Senders of which the first is held up inside its transaction."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.pool = ThreadPoolExecutor(4)
        self.first = self.send(report(id="first"), also=self._hold)
        assert self.begun.wait(SECONDS)

    def _hold(self, _outcome: Outcome) -> None:
        self.begun.set()
        assert self.go_on.wait(SECONDS)

    def send(self, *told: ExecutionReport, also: Also | None = None, team: Team | None = None) -> Future[Outcome]:
        return self.pool.submit(self._accept, (team or self.team).id, list(enumerate(told)), also)

    def _accept(self, team_id: object, told: object, also: Also | None) -> Outcome:
        try:
            return accept(team_id, told, now=NOW, also=also)  # type: ignore[arg-type]
        finally:
            connection.close()

    def wait_for(self, number: int) -> None:
        """Until so many wait for the first."""
        key = self.team.id, rate_steps
        until(lambda: len(acceptance._gathering._queues[key]) == number)


@pytest.fixture
def senders(team: Team) -> Iterator[Senders]:
    """The first sender is at work."""
    made = Senders(team)
    yield made
    made.go_on.set()
    made.pool.shutdown()
    # What these tests commit is emptied afterwards: nothing may be remembered.
    forget_names()
    forget_partitions()


def stored(team: Team) -> dict[str, tuple[str, int]]:
    """By execution: its transaction, and its steps."""
    with team_context(team.id), connection.cursor() as cursor:
        cursor.execute("SELECT external_id, xmin::text, step_count FROM execution")
        return {name: (transaction, steps) for name, transaction, steps in cursor.fetchall()}


def test_they_share_a_transaction_and_each_is_told_its_own(team: Team, senders: Senders) -> None:
    seen: list[Outcome] = []
    one = senders.send(report(id="a", steps=[step()]), report(id="b"), also=seen.append)
    senders.wait_for(1)
    two = senders.send(report(id="c"), report(id="first", steps=[step()]), also=seen.append)
    senders.wait_for(2)
    assert stored(team) == {}
    senders.go_on.set()
    assert (senders.first.result(SECONDS).stored, one.result(SECONDS).stored, two.result(SECONDS).stored) == (1, 2, 2)
    assert seen == [one.result(), two.result()]
    found = stored(team)
    assert {name: steps for name, (_, steps) in found.items()} == {"a": 1, "b": 0, "c": 0, "first": 1}
    assert len({transaction for transaction, _ in found.values()}) == 1


def test_the_same_from_two_of_them_is_stored_once(team: Team, senders: Senders) -> None:
    told = [report(id="a", steps=[step(id="s")], output="x"), report(id="b")]
    both = [senders.send(*told), senders.send(*told[::-1])]
    senders.wait_for(2)
    senders.go_on.set()
    outcomes = [one.result(SECONDS) for one in both]
    assert sorted((one.stored, one.duplicate) for one in outcomes) == [(0, 2), (2, 0)]
    with team_context(team.id):
        assert (Execution.objects.count(), Payload.objects.count()) == (3, 1)


def test_one_that_cannot_be_stored_takes_nobody_along(team: Team, senders: Senders) -> None:
    def refuse(_outcome: Outcome) -> None:
        raise IntegrityError("not this one") from psycopg.errors.CheckViolation()

    good = senders.send(report(id="good", output="x"))
    senders.wait_for(1)
    bad = senders.send(report(id="bad", output="y"), also=refuse)
    senders.wait_for(2)
    senders.go_on.set()
    assert good.result(SECONDS).stored == 1
    with pytest.raises(ReportsRefused):
        bad.result(SECONDS)
    assert stored(team).keys() == {"first", "good"}


def test_another_team_does_not_wait(other_team: NewTeam, senders: Senders) -> None:
    assert senders.send(report(id="theirs"), team=other_team.team).result(SECONDS).stored == 1
    assert not senders.first.done()


def test_a_transaction_that_is_open_is_shared_with_nobody(team: Team, senders: Senders) -> None:
    with team_context(team.id):
        assert accept(team.id, [(0, report(id="inside"))], now=NOW).stored == 1
    assert not senders.first.done()


def test_rows_lie_with_their_execution_also_after_a_turn_that_failed(team: Team, senders: Senders) -> None:
    """Together, the later one's payload would lie on the day of the earlier one; alone it has a day of its own."""
    early, late = NOW.replace(hour=1), NOW.replace(hour=2)
    day_before = early.replace(day=early.day - 1) if early.day > 1 else early.replace(month=early.month - 1, day=28)

    def refuse(_outcome: Outcome) -> None:
        raise IntegrityError("not this one") from psycopg.errors.CheckViolation()

    bad = senders.send(report(id="run", started_at=day_before, finished_at=None, output=1), also=refuse)
    senders.wait_for(1)
    good = senders.send(report(id="run", started_at=late, finished_at=None, output=2))
    senders.wait_for(2)
    senders.go_on.set()
    assert good.result(SECONDS).stored == 1
    with pytest.raises(ReportsRefused):
        bad.result(SECONDS)
    with team_context(team.id):
        assert Payload.objects.get().anchor_day == Execution.objects.get(external_id="run").anchor_day == late.date()
