"""Statements run past Django's cursor: what they find, that they are counted, and what guards them."""

import pytest
from django.db import DatabaseError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team
from accounts.statements import find_row, run_planned, run_prepared


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
