"""The same items sent by several senders at once: no deadlock, no double, no loss."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.acceptance import Outcome
from monitoring.models import Execution, FailureGroup, Step
from monitoring.statuses import Status
from monitoring.store.labels import forget_names
from monitoring.store.partitions import forget_partitions
from tests.factories import report, send, step

COPIES = 3


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    """What these tests commit is emptied afterwards: nothing may be remembered."""
    yield
    forget_names()
    forget_partitions()


def _send_all(team: Team, batches: list[list[object]]) -> list[Outcome]:
    barrier = Barrier(len(batches))

    def work(batch: list[object]) -> Outcome:
        barrier.wait(timeout=10)
        try:
            return send(team, *batch)  # type: ignore[arg-type]
        finally:
            connection.close()

    with ThreadPoolExecutor(len(batches)) as pool:
        return list(pool.map(work, batches))


@pytest.mark.django_db(transaction=True)
def test_copies_in_parallel_are_stored_once(team: Team) -> None:
    for turn in range(5):
        batch = [
            report(
                id=f"{turn}-{n}", status=Status.FAILED, steps=[step(id=str(s), status=Status.FAILED) for s in range(5)]
            )
            for n in range(20)
        ]
        outcomes = _send_all(team, [batch, batch[::-1], batch])
        assert sum(outcome.stored for outcome in outcomes) == 20
        assert sum(outcome.duplicate for outcome in outcomes) == 20 * (COPIES - 1)
    with team_context(team.id):
        assert (Execution.objects.count(), Step.objects.count()) == (100, 500)
        assert FailureGroup.objects.count() == 1
        assert set(Execution.objects.values_list("step_count", "failed_step_count")) == {(5, 5)}


@pytest.mark.django_db(transaction=True)
def test_chunks_of_one_execution_in_parallel_add_up(team: Team) -> None:
    batches = [[report(id="run", steps=[step(id=f"{n}-{s}") for s in range(50)])] for n in range(COPIES)]
    _send_all(team, [[*batch] for batch in batches])
    with team_context(team.id):
        assert Execution.objects.get().step_count == Step.objects.count() == 150
