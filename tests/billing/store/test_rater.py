"""Steps are rated when they are written: at the price of their time, once, and never at a price that nobody knows."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Team
from accounts.tenancy import team_context
from billing.models import ExchangeRate, PriceRevision
from billing.store import rater
from billing.store.rater import forget_prices
from ingestion.records import StepReport, Tokens
from monitoring.models import Execution, Rollup, Step
from tests.billing.prices import price
from tests.factories import NOW, report, send, step, store

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


def call(model: str = "large", **told: Any) -> StepReport:
    """A call of a model of acme: 1,000 tokens in, 100 out, unless told otherwise."""
    return step(**{"provider": "acme", "model": model, "tokens": Tokens(input=1000, output=100), **told})


def rated(team: Team, *steps: StepReport, **about: Any) -> list[tuple[Decimal | None, Decimal | None, int | None]]:
    """What counts, what was computed, and at which price, of the steps in their order."""
    send(team, report(steps=list(steps), **about))
    with team_context(team.id):
        return list(Step.objects.order_by("position").values_list("cost_usd", "priced_cost_usd", "price_id"))


def test_a_call_is_rated_at_its_price(team: Team) -> None:
    """1,000 x 3 + 100 x 15 dollars per million."""
    id = price(team, "large", input=3, output=15)
    assert rated(team, call()) == [(Decimal("0.0045"), Decimal("0.0045"), id)]


def test_what_has_no_price_costs_nothing_that_is_known(team: Team) -> None:
    price(team, "large", input=3, output=15)
    steps = [call("unheard-of", position=1), call(model=None, position=2), call(provider="other", position=3)]
    assert rated(team, *steps) == [(None, None, None)] * 3
    with team_context(team.id):
        execution = Execution.objects.get()
    assert (execution.cost_usd, execution.unpriced_tokens) == (None, 3300)


def test_a_price_that_does_not_cover_the_usage_gives_none(team: Team) -> None:
    id = price(team, "embed", input=1)
    only_in = call("embed", tokens=Tokens(input=500), position=1)
    assert rated(team, only_in, call("embed", position=2)) == [
        (Decimal("0.0005"), Decimal("0.0005"), id),
        (None, None, id),
    ]


def test_told_counts_and_both_are_kept(team: Team) -> None:
    id = price(team, "large", input=3, output=15)
    assert rated(team, call(cost_usd=Decimal("0.01"))) == [(Decimal("0.01"), Decimal("0.0045"), id)]


def test_a_source_may_count_the_computed_one(team: Team) -> None:
    id = price(team, "large", input=3, output=15)
    steps = [call(cost_usd=Decimal("0.01"), position=1), call("free-lunch", cost_usd=Decimal("0.02"), position=2)]
    assert rated(team, *steps, is_computed_first=True) == [
        (Decimal("0.0045"), Decimal("0.0045"), id),
        (Decimal("0.02"), None, None),
    ]


def test_the_day_of_the_step_chooses_the_price(team: Team) -> None:
    old = price(team, "large", input=3, output=15, ends_on=TODAY)
    new = price(team, "large", input=1, output=1, starts_on=TODAY)
    yesterday = NOW - timedelta(days=1)
    steps = [call(started_at=yesterday, ended_at=yesterday, position=1), call(position=2)]
    assert [found[2] for found in rated(team, *steps)] == [old, new]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_step_without_a_time_is_rated_at_that_of_its_execution(team: Team, order: tuple[int, int]) -> None:
    """The execution begins before midnight, and tells in a part of its own that it ended after it."""
    price(team, "large", input=3, output=15, ends_on=TODAY)
    new = price(team, "large", input=1, output=1, starts_on=TODAY)
    midnight = NOW.replace(hour=0)
    untimed = call(started_at=None, ended_at=None)
    parts = [
        report(id="run", started_at=midnight - timedelta(minutes=1), finished_at=None, steps=[untimed]),
        report(id="run", started_at=None, finished_at=midnight + timedelta(minutes=1)),
    ]
    for place in order:
        send(team, parts[place])
    with team_context(team.id):
        assert Step.objects.get().price_id == new
        assert Execution.objects.get().cost_usd == Decimal("0.0011")


def test_tier_and_length_of_context_choose_the_price(team: Team) -> None:
    short = price(team, "large", input=3, output=15, context_up_to=2000)
    long = price(team, "large", input=6, output=30, context_over=2000)
    batch = price(team, "large", input=1, output=5, tier="batch")
    steps = [
        call(position=1),
        call(position=2, tokens=Tokens(input=2000, output=1)),
        call(position=3, tokens=Tokens(input=1, cache_read=2000, output=1)),
        call(position=4, tier="batch"),
        call(position=5, tier="unheard-of"),
    ]
    assert [found[2] for found in rated(team, *steps)] == [short, short, long, batch, None]


def test_parts_and_calls_have_rates_of_their_own(team: Team) -> None:
    """700 x 3 + 300 x 10 + 50 x 6 + 200 x 15 per million, and two calls at a cent."""
    price(team, "large", input=3, output=15, input_audio=10, cache_write=4, cache_write_1h=6, call="0.01")
    tokens = Tokens(input=1000, input_audio=300, cache_write=50, cache_write_1h=50, output=200)
    assert rated(team, call(tokens=tokens, calls=2))[0][1] == Decimal("0.0284")


def test_another_currency_needs_the_rate_of_the_day(team: Team) -> None:
    id = price(team, "large", input=3, output=15, currency="EUR")
    with team_context(team.id):
        ExchangeRate.objects.create(team_id=team.id, currency="EUR", starts_on=TODAY, usd=Decimal("1.1"))
    forget_prices()
    yesterday = NOW - timedelta(days=1)
    steps = [call(position=1), call(started_at=yesterday, ended_at=yesterday, position=2)]
    assert rated(team, *steps) == [(Decimal("0.00495"), Decimal("0.00495"), id), (None, None, id)]


def test_a_changed_price_counts_once_its_revision_is_looked_at(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rated(team, call(position=1))[0][2] is None
    id = price(team, "large", input=3, output=15)
    # Another process made it: this one remembers until the revision is looked at.
    assert rated(team, call(position=2))[1][2] == id
    monkeypatch.setattr(rater, "REMEMBERED_SECONDS", 0.0)
    forget_prices()
    send(team, report(steps=[call("later", position=3)]))
    with team_context(team.id):
        from billing.models import TeamPrice

        TeamPrice.objects.create(team_id=team.id, id=7, model="later", provider="acme", rates={"input": "1"})
    assert rated(team, call("later", position=4, tokens=Tokens(input=1)))[-1][2] is None
    PriceRevision.objects.create(team_id=team.id, revision=1)
    assert rated(team, call("later", position=5, tokens=Tokens(input=1)))[-1][2] == 7


def test_a_repeated_report_is_known_and_keeps_its_price(team: Team) -> None:
    old = price(team, "large", input=3, output=15)
    told = report(id="run", steps=[call(id="a")])
    assert send(team, told).stored == 1
    price(team, "large", "", input=1, output=1)
    outcome = send(team, report(id="run", steps=[call(id="a")]))
    assert (outcome.stored, outcome.duplicate) == (0, 1)
    with team_context(team.id):
        assert Step.objects.get().price_id == old


def test_a_cost_that_is_lost_again_leaves_the_sum_of_the_others(team: Team) -> None:
    """A later part corrects the model to one without a price: the total is as if it had been told at first."""
    price(team, "large", input=3, output=15)
    send(team, report(id="run", revision=1, steps=[call(id="a"), call(id="b")]))
    send(team, report(id="run", revision=2, steps=[StepReport(id="b", model="unheard-of")]))
    with team_context(team.id):
        execution = Execution.objects.get()
    assert (execution.cost_usd, execution.unpriced_tokens) == (Decimal("0.0045"), 1100)
    send(team, report(id="run", revision=3, steps=[StepReport(id="a", model="unheard-of")]))
    with team_context(team.id):
        assert Execution.objects.get().cost_usd is None


def test_steps_that_are_told_again_are_in_no_rollup(team: Team) -> None:
    price(team, "large", input=3, output=15)
    store(team, report(steps=[call(id="outer"), call(id="inner", parent_id="outer")]))
    with team_context(team.id):
        costs = set(Rollup.objects.exclude(cost_usd=None).values_list("cost_usd", flat=True))
        tokens = set(Rollup.objects.exclude(input_tokens=None).values_list("input_tokens", flat=True))
    assert (costs, tokens) == ({Decimal("0.0045")}, {1000})
