"""Usage that never had a price is rated once somebody says what it costs: steps, totals and figures follow."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from accounts.tenancy import team_context
from billing.models import CostDue, FirstRating, TeamPrice
from billing.services.first_rating import rate_batch, rate_due, request_rating
from billing.services.team_prices import add_price, read_price
from ingestion.records import Tokens
from monitoring.identity import LabelKind, label_id
from monitoring.models import Dimension, Execution, Grain, Rollup, Step
from monitoring.store.rollups import fold_all
from tests.billing.books import load
from tests.factories import NOW, report, step, store

pytestmark = pytest.mark.django_db
NAMES = (label_id(LabelKind.PROVIDER, "acme"), label_id(LabelKind.MODEL, "house-1"))
RATES = {"provider": "acme", "model": "house-1", "rate_input": "2", "rate_output": "4"}


def used(model: str = "house-1", **told):
    """A step of 1,000 tokens in and 500 out: $0.004 at the rates."""
    tokens = Tokens(input=1000, output=500)
    return step(provider="acme", model=model, kind="model", tokens=tokens, **told)


def price_it(team, **told) -> TeamPrice:
    with team_context(team.id):
        made = add_price(team_id=team.id, wanted=read_price({**RATES, **told}), by=None, now=NOW)
        request_rating(team.id, NAMES, NOW)
    return made


def rate_all(team) -> int:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cost_due")
    total = 0
    while (rated := rate_batch(team.id, NAMES, NOW, limit=2)) is not None:
        total += rated
    fold_all(NOW)
    return total


def figures(team):
    with team_context(team.id):
        row = Rollup.objects.get(grain=Grain.HOUR, dimension=Dimension.MODEL, value_id=NAMES[1])
        return row.unpriced_tokens, row.cost_usd


def test_steps_totals_and_figures_follow(team) -> None:
    store(team, *(report(steps=[used(), used(), used("other")]) for _ in range(5)))
    assert figures(team) == (15_000, None)
    made = price_it(team)
    assert rate_all(team) == 10
    assert figures(team) == (0, Decimal("0.04"))
    with team_context(team.id):
        rated = Step.objects.filter(model_id=NAMES[1])
        assert {(one.cost_usd, one.priced_cost_usd, one.price_id) for one in rated} == {
            (Decimal("0.004"), Decimal("0.004"), made.id)
        }
        # The other model of the same executions still has none.
        assert {(one.cost_usd, one.unpriced_tokens) for one in Execution.objects.all()} == {(Decimal("0.008"), 1500)}
    one = FirstRating.objects.get()
    assert (one.hour_count, one.done_count, one.rated_count, one.left_count) == (1, 1, 10, 0)
    assert one.finished_at is not None
    # The hour's cost lines are made again, from its records.
    assert [due.is_lines_only for due in CostDue.objects.all()] == [False]


def test_twice_is_once_and_another_team_is_left_alone(team, other_team) -> None:
    for one in (team, other_team.team):
        store(one, report(steps=[used()]))
    price_it(team)
    assert rate_all(team) == 1
    with team_context(team.id):
        request_rating(team.id, NAMES, NOW)
    assert rate_all(team) == 0
    assert figures(team) == (0, Decimal("0.004"))
    assert figures(other_team.team) == (1500, None)


def test_what_was_told_goes_on_counting(team) -> None:
    store(team, report(steps=[used(cost_usd=Decimal("0.5")), used()]))
    price_it(team)
    rate_all(team)
    with team_context(team.id):
        assert sorted(Step.objects.values_list("cost_usd", flat=True)) == [Decimal("0.004"), Decimal("0.5")]
        assert Execution.objects.get().cost_usd == Decimal("0.504")


def test_what_no_price_fits_is_left(team) -> None:
    store(team, report(steps=[used()]))
    price_it(team, starts_on=str((NOW + timedelta(days=1)).date()))
    assert rate_all(team) == 0
    assert FirstRating.objects.get().left_count == 1
    assert figures(team) == (1500, None)


def test_due_ratings_are_worked_on(team) -> None:
    store(team, report(steps=[used()]))
    price_it(team)
    assert rate_due(NOW, seconds=5) == 0
    assert rate_due(NOW + timedelta(seconds=11), seconds=5) == 1
    assert FirstRating.objects.get().finished_at is not None


def test_a_model_of_the_book_is_rated_at_it(team) -> None:
    tokens = Tokens(input=1000, cache_read=1000, output=100)
    store(team, report(steps=[step(provider="openai", model="gpt-5", tokens=tokens)]))
    # The book knows it only now.
    load()
    names = (label_id(LabelKind.PROVIDER, "openai"), label_id(LabelKind.MODEL, "gpt-5"))
    with team_context(team.id):
        request_rating(team.id, names, NOW)
    rate_batch(team.id, names, NOW)
    with team_context(team.id):
        # 1,000 at 1.25 and 0.125 per million, 100 at 10: 0.00125 + 0.000125 + 0.001.
        assert Step.objects.get().cost_usd == Decimal("0.002375")
