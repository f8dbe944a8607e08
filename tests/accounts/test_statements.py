"""Statements run past Django's cursor: what they find, that they are counted, and what guards them."""

from decimal import Decimal
from uuid import uuid4

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from psycopg.pq import ExecStatus
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team
from accounts.statements import _error_of, find_row, run_bound, run_for_any_team, run_planned, run_prepared


@pytest.mark.django_db
def test_a_row_is_found_as_the_model_has_it(team: Team) -> None:
    assert find_row(Team, "slug = %s", [team.slug]) == team
    found = find_row(Team, "id = %s", [team.id])
    assert found is not None
    assert (found.name, found.created_at) == (team.name, Team.objects.get(id=team.id).created_at)
    assert find_row(Team, "slug = %s", ["nobody"]) is None


@pytest.mark.django_db
def test_statements_are_counted_with_those_of_django(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(2):
        assert run_prepared("SELECT %s::int + 1", [1]) == [(2,)]
        assert run_planned("SELECT %(word)s::text", {"word": "100 %"}) == [("100 %",)]


@pytest.mark.django_db
def test_errors_are_those_of_django() -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        run_prepared("SELECT 1 / %s::int", [0])
    assert run_prepared("SELECT 1") == [(1,)]


@pytest.mark.django_db
def test_nothing_is_read_in_a_transaction_that_has_to_be_undone() -> None:
    with transaction.atomic():
        connection.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError):
            run_planned("SELECT 1")


@pytest.mark.django_db
def test_bound_statements_give_rows_of_their_types(team: Team) -> None:
    table = Team._meta.db_table
    asked = f"SELECT id, created_at, $2::numeric, $3::text FROM {table} WHERE id = $1::uuid"
    for _ in range(2):
        assert run_bound(asked, [team.id, "0.10", None]) == [(team.id, team.created_at, Decimal("0.10"), None)]
    assert run_bound(f"DELETE FROM {table} WHERE id = $1::uuid", [uuid4()]) == []


@pytest.mark.django_db
def test_errors_of_bound_statements_are_those_of_django() -> None:
    with pytest.raises(DatabaseError) as told, transaction.atomic():
        run_bound("SELECT 1 / $1::int", ["0"])
    assert isinstance(told.value.__cause__, psycopg.errors.DivisionByZero)
    with pytest.raises(IntegrityError), transaction.atomic():
        run_bound("INSERT INTO dirty_bucket (team_id) VALUES ($1::uuid)", [uuid4()])
    with pytest.raises(DatabaseError), transaction.atomic():
        run_bound("SELECT nothing", [])
    assert run_bound("SELECT 1", []) == [(1,)]


@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_is_told_as_one_and_the_next_one_prepares_anew() -> None:
    ((backend,),) = run_bound("SELECT pg_backend_pid()", [])
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [backend])
    other.close()
    with pytest.raises(OperationalError):
        run_bound("SELECT pg_backend_pid()", [])
    connection.close()
    assert run_bound("SELECT pg_backend_pid()", []) != [(backend,)]


@pytest.mark.django_db
def test_values_are_bound_in_the_order_of_their_names(team: Team) -> None:
    table = Team._meta.db_table
    sql = f"SELECT %(word)s::text || %(word)s::text, 7 %% 4, slug FROM {table} WHERE id = %(team)s"
    for _ in range(3):
        assert run_prepared(sql, {"team": team.id, "unused": object(), "word": "100 %"}) == [
            ("100 %100 %", 3, team.slug)
        ]
    assert run_planned("SELECT %s::int + %s::int, %s::text", [1, 2, None]) == [(3, None)]


@pytest.mark.django_db
def test_a_statement_that_failed_is_parsed_anew() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE told (number int); INSERT INTO told VALUES (1)")
        assert run_prepared("SELECT * FROM told") == run_prepared("SELECT * FROM told") == [(1,)]
        # As another session would, which the driver does not hear of.
        connection.connection.pgconn.exec_(b"ALTER TABLE told ALTER number TYPE text")
        with pytest.raises(DatabaseError), transaction.atomic():
            run_prepared("SELECT * FROM told")
        assert run_prepared("SELECT * FROM told") == [("1",)]
        cursor.execute("DROP TABLE told")


@pytest.mark.django_db(transaction=True)
def test_the_first_statement_of_a_transaction_begins_it() -> None:
    assert run_prepared("SELECT 1") == [(1,)]
    with transaction.atomic():
        ((first,),) = run_prepared("SELECT now()")
        assert run_prepared("SELECT now()") == [(first,)]
    assert run_prepared("SELECT now()") != [(first,)]


@pytest.mark.django_db
def test_what_the_server_did_not_say_itself_is_a_lost_connection() -> None:
    """libpq may tell of the end of the server before it takes its connection for lost."""
    connection.ensure_connection()
    raw: psycopg.Connection = connection.connection
    result = raw.pgconn.make_empty_result(ExecStatus.FATAL_ERROR)
    assert isinstance(_error_of(raw, result), psycopg.OperationalError)


@pytest.mark.django_db
def test_a_statement_for_any_team_is_planned_without_its_values(team: Team) -> None:
    made = f"INSERT INTO noted SELECT id FROM {Team._meta.db_table} WHERE id = %(team)s"
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE noted (id uuid) ON COMMIT DROP")
        assert run_for_any_team(made, {"team": team.id}) == []
        assert run_for_any_team(f"{made} RETURNING id", {"team": team.id}) == [(team.id,)]
        assert run_for_any_team(made, {"team": team.id}) == []
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements"
            " WHERE statement LIKE 'INSERT INTO noted%%' ORDER BY 1"
        )
        assert cursor.fetchall() == [(1, 0), (2, 0)]
        # What comes after it in the transaction is planned as ever.
        cursor.execute("SHOW plan_cache_mode")
        assert cursor.fetchone() == ("auto",)
