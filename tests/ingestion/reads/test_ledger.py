"""The ledger as it is read: exact at every moment, whoever folds meanwhile."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion import ledger
from ingestion.kinds import SourceKind
from ingestion.ledger import Receipt
from ingestion.models import SourceReceipt
from ingestion.reads.ledger import Counts, all_time, by_time, hours_by_source, last_hours, total
from ingestion.sources import SourceInfo
from monitoring.windows import Window

NOW = datetime(2026, 8, 12, 12, 30, tzinfo=UTC)
SOURCE = UUID(int=7)


def came(team: Team, at: datetime = NOW, source: UUID = SOURCE, **counts: int) -> None:
    info = SourceInfo(team_id=team.id, id=source, kind=SourceKind.OTLP)
    with team_context(team.id):
        ledger.record(Receipt(info, at, 10, **counts))


def test_hours_and_receipts_are_one(in_team: Team) -> None:
    came(in_team, stored=3, duplicate=1, lag_ms=100)
    ledger.fold()
    came(in_team, stored=2, rejected=4, lag_ms=300)
    came(in_team, NOW - timedelta(hours=2), refused=1)
    rows = hours_by_source(in_team.id, last_hours(NOW))[SOURCE]
    assert sorted(rows) == [NOW.replace(hour=10, minute=0), NOW.replace(minute=0)]
    found = total(rows.values())
    assert found == Counts(3, 5, 1, 4, 0, 1, 30, 400, 300, 2)
    assert found.accepted == 6
    assert found.lag_average_ms == 200
    assert all_time(in_team.id, SOURCE) == found


def test_days_are_those_of_utc(in_team: Team) -> None:
    for hour in (0, 23):
        came(in_team, NOW.replace(hour=hour, minute=59), stored=1)
    came(in_team, NOW + timedelta(hours=12), stored=1)
    days = by_time(in_team.id, SOURCE, Window(NOW - timedelta(days=2), NOW + timedelta(days=2)), "day")
    assert [(day.day, one.stored) for day, one in days.items()] == [(12, 2), (13, 1)]


def test_the_last_hours_end_with_the_running_one() -> None:
    window = last_hours(NOW, 24)
    assert (window.start, window.end) == (datetime(2026, 8, 11, 13, tzinfo=UTC), datetime(2026, 8, 12, 13, tzinfo=UTC))


def test_sources_are_kept_apart(in_team: Team, other_team: object) -> None:
    came(in_team, stored=1)
    came(in_team, source=uuid4(), stored=5)
    with team_context(other_team.team.id):  # type: ignore[attr-defined]
        came(other_team.team, stored=7)  # type: ignore[attr-defined]
    assert all_time(in_team.id, SOURCE).stored == 1


_counts = st.builds(
    Counts,
    *[st.integers(0, 1000)] * 8,
    st.one_of(st.none(), st.integers(0, 1000)),
    st.integers(0, 10),
)


@given(_counts, _counts, _counts)
def test_adding_does_not_depend_on_the_order(a: Counts, b: Counts, c: Counts) -> None:
    assert (a + b) + c == a + (b + c) == c + (b + a)
    assert a + Counts() == a


def _closing(work: Callable[[], int]) -> int:
    """Runs the work in a thread and closes the thread's connection."""
    try:
        return work()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_accepted_is_exact_while_receipts_are_folded(team: Team) -> None:
    """Two writers, two folds at once, and a reader: what is read only grows, and ends with all that was recorded."""
    writes = 40

    def write() -> int:
        for _ in range(writes):
            came(team, stored=3, duplicate=2)
        return 0

    def fold() -> int:
        return sum(ledger.fold_team(team.id, limit=7) for _ in range(25))

    def read() -> int:
        seen = 0
        for _ in range(40):
            with team_context(team.id):
                found = all_time(team.id, SOURCE)
            assert found.accepted == found.stored + found.duplicate == 5 * found.requests
            assert found.accepted >= seen
            seen = found.accepted
        return seen

    with ThreadPoolExecutor(5) as pool:
        jobs = [pool.submit(_closing, work) for work in (write, write, fold, fold, read)]
        for job in jobs:
            job.result()
    while ledger.fold_team(team.id):
        pass
    with team_context(team.id):
        found = all_time(team.id, SOURCE)
    assert (found.requests, found.stored, found.duplicate, found.accepted) == (80, 240, 160, 400)
    assert not SourceReceipt.objects.filter(team_id=team.id).exists()
