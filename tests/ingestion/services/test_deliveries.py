"""The same delivery taken by two processes at the same time: done once, and kept as what it became."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from msgspec.structs import replace

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion import ledger
from ingestion.acceptance import Outcome
from ingestion.intake import take_in
from ingestion.kinds import SourceKind
from ingestion.models import Delivery, DeliveryOutcome, SourceHour
from ingestion.services import deliveries
from ingestion.services.deliveries import Received, process_again, receive
from ingestion.sources import SourceInfo, add_source, info_of
from monitoring.models import Execution
from monitoring.store.labels import forget_names
from monitoring.store.partitions import forget_partitions
from tests.ingestion.adapters.webhooks import events

pytestmark = pytest.mark.django_db(transaction=True)
MAPPING = {"id": "job", "workflow": "'nightly'", "status": "result"}


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    """What these tests commit is emptied afterwards: nothing may be remembered."""
    yield
    forget_names()
    forget_partitions()


def make(team: Team, kind: SourceKind, **fields: Any) -> SourceInfo:
    with team_context(team.id):
        return info_of(add_source(team_id=team.id, kind=kind, name="Hook", **fields))


def take(source: SourceInfo, event: Any, number: int) -> Received:
    headers = {"X-GitHub-Delivery": f"delivery-{number}", "X-GitHub-Event": "workflow_run"}
    body = json.dumps(event).encode()
    return receive(source, headers=headers, body=body, content_type="application/json", now=timezone.now())


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each returned; each runs on a connection of its own and starts when all are ready."""
    ready = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            ready.wait(timeout=10)
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def good_run(number: int) -> Any:
    """A run that succeeded: failed ones meet at the row of their failure group."""
    return events.github_run(id=number, conclusion="success")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who stored something is slow to go on: whoever came second overtakes it if nothing holds it back."""

    def linger(*args: Any, **kwargs: Any) -> Outcome:
        outcome = take_in(*args, **kwargs)
        if outcome.stored:
            time.sleep(0.3)
        return outcome

    monkeypatch.setattr(deliveries, "take_in", linger)


def kept(source: SourceInfo) -> list[str]:
    with team_context(source.team_id):
        return list(Delivery.objects.order_by("external_id").values_list("outcome", flat=True))


def counted(source: SourceInfo) -> tuple[int, int]:
    ledger.fold()
    with team_context(source.team_id):
        hours = SourceHour.objects.filter(source_id=source.id)
        return sum(one.stored_count for one in hours), sum(one.duplicate_count for one in hours)


@pytest.mark.usefixtures("slow")
def test_the_kept_delivery_says_what_it_became_whoever_was_faster(team: Team) -> None:
    source = make(team, SourceKind.GITHUB)
    told = at_once(*[lambda: take(source, events.github_run(), 1)] * 3)
    assert Counter(one.outcome for one in told) == {DeliveryOutcome.STORED: 1, DeliveryOutcome.DUPLICATE: 2}
    assert kept(source) == [DeliveryOutcome.STORED]
    assert [one.is_repeated for one in told].count(True) == 2
    assert counted(source) == (1, 2)
    with team_context(team.id):
        assert Execution.objects.count() == 1


@pytest.mark.usefixtures("slow")
def test_different_deliveries_do_not_wait_for_each_other(team: Team) -> None:
    source = make(team, SourceKind.GITHUB)
    started = time.monotonic()
    take(source, good_run(99), 99)
    alone = time.monotonic() - started
    started = time.monotonic()
    works = [lambda number=number: take(source, good_run(number), number) for number in range(4)]
    told = at_once(*works)
    # One after another would take four times as long as one alone.
    assert time.monotonic() - started < alone + 3 * 0.3
    assert [one.outcome for one in told] == [DeliveryOutcome.STORED] * 4


@pytest.mark.usefixtures("slow")
def test_a_rejected_delivery_that_is_sent_and_processed_again_at_once_stays_stored(team: Team) -> None:
    event = {"job": 7, "result": "ok"}
    source = make(team, SourceKind.GENERIC, mapping={**MAPPING, "id": "nothing"})
    assert take(source, event, 1).outcome == DeliveryOutcome.REJECTED
    mended = replace(source, mapping=MAPPING)
    with team_context(team.id):
        waiting = list(Delivery.objects.all())
    now = timezone.now()
    at_once(lambda: take(mended, event, 1), lambda: process_again(mended, waiting, now))
    assert kept(source) == [DeliveryOutcome.STORED]
