"""Behind a pooler nothing is left in a session of the database."""

import pytest
from django.db import connection, transaction

from accounts.models import Team
from accounts.statements import make_stages
from config.pooling import is_pooled

STAGES = "CREATE TEMPORARY TABLE IF NOT EXISTS stage_of_a_test (a int) ON COMMIT DELETE ROWS; TRUNCATE stage_of_a_test"


def kept() -> dict[str, int]:
    """Cursors and temporary tables of this session."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_cursors WHERE name LIKE '_django%'")
        (cursors,) = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname = 'stage_of_a_test'")
        (tables,) = cursor.fetchone()
    return {"cursors": cursors, "tables": tables}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pooled", [False, True])
def test_a_cursor_outlives_no_transaction(pooled: bool, team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "TRANSACTION_POOLED", pooled)
    rows = Team.objects.order_by("id").iterator(chunk_size=1)
    assert next(rows) == team
    assert kept()["cursors"] == (0 if pooled else 1)
    assert list(rows) == []
    with transaction.atomic():
        rows = Team.objects.order_by("id").iterator(chunk_size=1)
        next(rows)
        assert kept()["cursors"] == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pooled", [True, False])
def test_temporary_tables_go_with_their_transaction(pooled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "TRANSACTION_POOLED", pooled)
    with transaction.atomic():
        for _ in range(2):
            make_stages(STAGES)
        assert kept()["tables"] == 1
    assert kept()["tables"] == (0 if pooled else 1)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS stage_of_a_test")


@pytest.mark.django_db
def test_a_server_that_answers_itself_is_no_pooler() -> None:
    assert not is_pooled(connection)
