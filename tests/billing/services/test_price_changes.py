"""Price changes: what open months would cost, applied by rows and marks, taken back without a trace."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import Team
from accounts.services.teams import create_team_with_owner
from accounts.tenancy import team_context
from billing.models import CostBasis, CostDue, CostLine, CostMonth, MonthState, ReRating
from billing.reads.price_use import used_in_open_months
from billing.services.discounts import add_discount, read_discount
from billing.services.price_changes import apply_changes, changes_in_force, digest_of, preview_changes, take_back
from billing.services.refusals import Refused
from billing.services.team_prices import add_price, read_price, remove_price
from billing.store.price_book import prices_of
from tests.billing.books import GPT, load, price, small_book
from tests.billing.lines import add_line

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 8, 20, 12, 0, tzinfo=UTC)
# 1,000 in at 1.25 and 100 out at 10 per million.
LINE_USD = Decimal("0.00225")


def book_price_id(team: Team, *pair: str) -> int:
    with team_context(team.id):
        return prices_of(team.id, [pair or ("openai", "gpt-5")])[pair or ("openai", "gpt-5")][0].id


def line(team: Team, price_id: int, *, day: int = 12, month: int = 8, **told) -> CostLine:
    money = dict.fromkeys(("cost_usd", "priced_usd", "list_usd", "billed"), LINE_USD)
    hour = datetime(2026, month, day, 10, tzinfo=UTC)
    return add_line(team, price_id=price_id, hour=hour, **{**money, **told})


def own_price(**told):
    return read_price({"provider": "openai", "model": "gpt-5", "rate_input": "1", "rate_output": "10", **told})


def marks() -> list[tuple[datetime, bool]]:
    return list(CostDue.objects.order_by("hour").values_list("hour", "is_lines_only"))


def apply(team: Team):
    seen = digest_of(preview_changes(team.id, NOW).changes)
    return apply_changes(team_id=team.id, seen=seen, reason="contract", by=None, now=NOW)


def test_the_effect_of_a_price_is_shown_before_it_is_saved(team) -> None:
    load()
    old = book_price_id(team)
    for day in (1, 12):
        line(team, old, day=day)
    line(team, old, month=7)
    line(team, old, model="gpt-5-2025-08-07")
    with team_context(team.id):
        assert preview_changes(team.id, NOW).changes == ()
        found = preview_changes(team.id, NOW, wanted=own_price())
        # 1,000 in at 1 instead of 1.25: 0.00025 less a line.
        assert [(one.month, one.pair[1], one.lines, one.old_usd, one.difference_usd) for one in found.effects] == [
            (date(2026, 7, 1), "gpt-5", 1, LINE_USD, Decimal("-0.00025")),
            (date(2026, 8, 1), "gpt-5", 2, LINE_USD * 2, Decimal("-0.0005")),
            (date(2026, 8, 1), "gpt-5-2025-08-07", 1, LINE_USD, Decimal("-0.00025")),
        ]
        assert found.difference_usd == Decimal("-0.001")
        assert not ReRating.objects.exists()


def test_applied_and_taken_back(team) -> None:
    load()
    old = book_price_id(team)
    for day in (2, 12):
        line(team, old, day=day)
    with team_context(team.id):
        made = add_price(team_id=team.id, wanted=own_price(starts_on="2026-08-05"), by=None, now=NOW)
        apply(team)
        (change,) = changes_in_force(team.id)
        assert (change.old_price_id, change.new_price_id) == (old, made.id)
        assert (change.starts_on, change.ends_on) == (date(2026, 8, 12), date(2026, 8, 13))
        assert marks() == [(datetime(2026, 8, 12, 10, tzinfo=UTC), True)]
        # Nothing is left to apply.
        assert preview_changes(team.id, NOW).changes == ()
        with pytest.raises(Refused, match="change nothing"):
            apply(team)
        CostDue.objects.all().delete()
        assert take_back(team_id=team.id, re_rating_id=ReRating.objects.get().id, now=NOW)
        assert not take_back(team_id=team.id, re_rating_id=ReRating.objects.get().id, now=NOW)
        assert changes_in_force(team.id) == []
        assert len(marks()) == 1


def test_a_price_that_is_removed_again_brings_the_old_one_back(team) -> None:
    load()
    old = book_price_id(team)
    line(team, old)
    with team_context(team.id):
        made = add_price(team_id=team.id, wanted=own_price(), by=None, now=NOW)
        apply(team)
        remove_price(team_id=team.id, price_id=made.id, now=NOW)
        found = preview_changes(team.id, NOW)
        assert found.difference_usd == Decimal("0.00025")
        assert found.effects[0].new_usd == LINE_USD
        apply(team)
        assert changes_in_force(team.id) == []
        assert ReRating.objects.count() == 1


def test_a_newer_book_and_a_discount_show_as_changes(team) -> None:
    load()
    line(team, book_price_id(team))
    load(small_book(price("openai", "gpt-5", {**GPT, "output": "20"})))
    with team_context(team.id):
        # 100 out at 20 instead of 10.
        assert preview_changes(team.id, NOW).difference_usd == Decimal("0.001")
        apply(team)
        wanted = read_discount({"provider": "openai", "percent": "50"})
        add_discount(team_id=team.id, wanted=wanted, by=None, now=NOW)
        # From 0.00325 to half of it, on top of what is applied.
        (effect,) = preview_changes(team.id, NOW).effects
        assert (effect.old_usd, effect.new_usd) == (Decimal("0.00325"), Decimal("0.001625"))
        apply(team)
        assert len(changes_in_force(team.id)) == 1


def test_closed_months_and_told_costs_never_change(team) -> None:
    load()
    old = book_price_id(team)
    line(team, old, month=7)
    line(team, old, basis=CostBasis.TOLD)
    with team_context(team.id):
        CostMonth.objects.create(month=date(2026, 7, 1), state=MonthState.CLOSED)
        assert used_in_open_months(team.id, NOW) == []
        assert preview_changes(team.id, NOW, wanted=own_price()).changes == ()


def test_what_cannot_be_told_for_all_of_it_is_not_changed(team) -> None:
    load()
    old = book_price_id(team)
    line(team, old)
    with team_context(team.id):
        only_input = read_price({"provider": "openai", "model": "gpt-5", "rate_input": "1"})
        (blocked,) = preview_changes(team.id, NOW, wanted=only_input).blocked
        assert blocked == (("openai", "gpt-5"), "has no rate for all that was used")
        (blocked,) = preview_changes(team.id, NOW, wanted=own_price(context_up_to="500")).blocked
        assert blocked[1].startswith("holds for some lengths of context")
        euros = own_price(currency="EUR", starts_on="2026-08-01")
        (blocked,) = preview_changes(team.id, NOW, wanted=euros).blocked
        assert blocked[1] == "has no exchange rate of EUR for all days"


def test_names_that_share_a_price_change_together_or_not_at_all(team) -> None:
    load()
    old = book_price_id(team)
    line(team, old)
    line(team, old, model="gpt-5-mini")
    with team_context(team.id):
        found = preview_changes(team.id, NOW, wanted=own_price(model="gpt-5-mini"))
        assert found.changes == ()
        assert found.blocked == (
            (("openai", "gpt-5-mini"), "shares its old price with other names, which are to cost something else"),
        )


def test_what_is_applied_is_what_was_seen(team) -> None:
    load()
    old = book_price_id(team)
    line(team, old)
    with team_context(team.id):
        add_price(team_id=team.id, wanted=own_price(), by=None, now=NOW)
        seen = digest_of(preview_changes(team.id, NOW).changes)
    line(team, old, day=14)
    with team_context(team.id):
        with pytest.raises(Refused, match="have changed since you looked"):
            apply_changes(team_id=team.id, seen=seen, reason="contract", by=None, now=NOW)
        with pytest.raises(Refused, match="reason must be told"):
            apply_changes(team_id=team.id, seen=seen, reason=" ", by=None, now=NOW)


class RatedAndBack(TestCase):
    """Re-rating and taking back is as if nothing was: rows that are in force, the effect, the hours that are marked."""

    @settings(max_examples=12)
    @given(
        days=st.lists(st.integers(1, 20), min_size=1, max_size=5, unique=True),
        since=st.integers(1, 20),
        rates=st.lists(st.sampled_from(["0", "0.5", "1", "7.25"]), min_size=1, max_size=3, unique=True),
    )
    def test_re_rated_and_back_is_identity(self, days: list[int], since: int, rates: list[str]) -> None:
        new = create_team_with_owner(name="Quay", email="owner@quay.test")
        team = new.team
        load()
        old = book_price_id(team)
        for day in days:
            line(team, old, day=day)
        with team_context(team.id):
            lines = list(CostLine.objects.order_by("id").values())
            for rate in rates:
                wanted = own_price(rate_input=rate, starts_on=f"2026-08-{since:02}")
                made = add_price(team_id=team.id, wanted=wanted, by=None, now=NOW)
                if preview_changes(team.id, NOW).changes:
                    apply(team)
                # Applied, a price counts on exactly the days that it holds for.
                changed = {day for day in days for c in changes_in_force(team.id) if _is_on(c, day)}
                assert changed == {day for day in days if day >= since}
                remove_price(team_id=team.id, price_id=made.id, now=NOW)
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM cost_due")
            for one in ReRating.objects.filter(removed_at__isnull=True):
                take_back(team_id=team.id, re_rating_id=one.id, now=NOW)
            assert changes_in_force(team.id) == []
            assert preview_changes(team.id, NOW).changes == ()
            assert list(CostLine.objects.order_by("id").values()) == lines
            assert {hour.day for hour, _ in marks()} == {day for day in days if day >= since}


def _is_on(change, day: int) -> bool:
    return change.starts_on <= date(2026, 8, 1) + timedelta(days=day - 1) < change.ends_on
