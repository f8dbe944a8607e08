"""Cost lines behind a pooler: the same rows, by one transaction over a connection of its own."""

import pytest
from django.db import connection
from psycopg.pq import TransactionStatus

from accounts.models import Team
from billing.reads import cost_lines
from billing.reads.cost_lines import Chosen, read_texts
from tests.billing.lines import add_line

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lines(team: Team, monkeypatch: pytest.MonkeyPatch) -> int:
    """Seven lines, read in batches of three."""
    monkeypatch.setattr(cost_lines, "BATCH", 3)
    for number in range(7):
        add_line(team, tags={"centre": str(number)})
    return 7


def test_the_same_rows_are_read(team: Team, lines: int, monkeypatch: pytest.MonkeyPatch) -> None:
    held = [row for batch in read_texts(team.id, Chosen()) for row in batch]
    monkeypatch.setitem(connection.settings_dict, "TRANSACTION_POOLED", True)
    batches = list(read_texts(team.id, Chosen()))
    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert [row for batch in batches for row in batch] == held
    assert len(held) == lines


def test_the_transaction_of_the_thread_is_not_kept_open(
    team: Team, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "TRANSACTION_POOLED", True)
    batches = read_texts(team.id, Chosen())
    next(batches)
    assert connection.connection.info.transaction_status == TransactionStatus.IDLE
    # Whoever stops in the middle leaves nothing behind.
    batches.close()  # type: ignore[attr-defined]
    assert sum(len(batch) for batch in read_texts(team.id, Chosen())) == lines
