"""Entries: adjustments, credits and commitments, with a reason, in open months alone."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Team
from accounts.tenancy import team_context
from billing.models import CostBasis, CostLine, CostMonth, CostRollup, Entry, MonthState, TagSet
from billing.services.entries import EntryRefused, Wanted, add_entry, remove_entry
from billing.store import lines
from tests.billing.golden import NOW, described, fold, run, tell

pytestmark = pytest.mark.django_db
CREDIT = Wanted(
    "c1", Entry.CREDIT, date(2026, 8, 31), Decimal("-12.34"), "Goodwill", provider="openai", tags={"customer": "x"}
)


def test_an_entry_is_money_with_a_reason_and_counts_in_its_month(team: Team) -> None:
    """Beside usage, which making lines again leaves as it is; the same key again changes nothing."""
    tell(team, run("a", "told 20"))
    fold(team)
    with team_context(team.id):
        line = add_entry(team.id, CREDIT, NOW)
        assert add_entry(team.id, replace(CREDIT, usd=Decimal(-5)), NOW).id == line.id
        found = CostLine.objects.get(entry=Entry.CREDIT)
        assert (found.cost_usd, found.basis, found.reason) == (Decimal("-12.34"), CostBasis.ENTERED, "Goodwill")
        assert (found.calls, found.input_tokens, found.hour.hour, found.currency) == (0, None, 0, "USD")
        assert TagSet.objects.get(id=found.tag_set_id).tags == {"customer": "x"}
        months = CostRollup.objects.filter(grain=4, dimension=0).values_list("entry", "cost_usd")
        assert sorted(months) == [(Entry.USAGE, Decimal(20)), (Entry.CREDIT, Decimal("-12.34"))]
    lines.fold_all(NOW)
    assert len(described(team)) == 2


def test_an_entry_in_another_currency(team: Team) -> None:
    """Both amounts are kept."""
    about = {"entry": Entry.COMMITMENT, "usd": Decimal(110), "billed": Decimal(100), "currency": "EUR", "key": "k"}
    with team_context(team.id):
        line = add_entry(team.id, replace(CREDIT, **about), NOW)
    assert (line.cost_usd, line.billed, line.currency) == (Decimal(110), Decimal(100), "EUR")


@pytest.mark.parametrize(
    ("told", "name", "why"),
    [
        ({"entry": Entry.USAGE}, "entry", "must be an adjustment"),
        ({"usd": Decimal(0)}, "usd", "must not be 0"),
        ({"usd": Decimal(3)}, "usd", "less than 0"),
        ({"usd": Decimal("nan")}, "usd", "must be a number"),
        ({"usd": Decimal(-(10**16))}, "usd", "at most"),
        ({"usd": Decimal("-0.1234567890123456789012345678901")}, "usd", "30 digits"),
        ({"reason": "  "}, "reason", "1 to 500"),
        ({"currency": "eur"}, "currency", "three capital letters"),
        ({"currency": "EUR"}, "billed", "told in EUR"),
        ({"day": date(2026, 7, 3)}, "day", "July 2026 is closed"),
        ({"workflow_id": "5f0f3a52-97f1-4d8c-9f63-0d5f3a1b2c3d"}, "workflow", "no such workflow"),
    ],
)
def test_what_cannot_be_booked_is_refused_by_name(team: Team, told: dict[str, Any], name: str, why: str) -> None:
    """Nothing is written."""
    with team_context(team.id):
        CostMonth.objects.create(month=date(2026, 7, 1), state=MonthState.CLOSED, closed_at=NOW)
        with pytest.raises(EntryRefused) as refused:
            add_entry(team.id, replace(CREDIT, **told), NOW)
        assert why in refused.value.reasons[name]
        assert not CostLine.objects.exists()


def test_an_entry_is_taken_back_while_its_month_is_open(team: Team) -> None:
    """Afterwards it stays; lines of usage are no entries."""
    with team_context(team.id):
        line = add_entry(team.id, CREDIT, NOW)
        remove_entry(team.id, line.id, NOW)
        assert not CostLine.objects.exists()
        assert not CostRollup.objects.exists()
        line = add_entry(team.id, CREDIT, NOW)
        CostMonth.objects.create(month=date(2026, 8, 1), state=MonthState.REOPENING, closed_at=NOW)
        with pytest.raises(EntryRefused, match="August 2026 is closed"):
            remove_entry(team.id, line.id, NOW)
        with pytest.raises(EntryRefused, match="no such entry"):
            remove_entry(team.id, 1, NOW)
