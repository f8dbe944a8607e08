"""A price of the book, a dearer line of it, and one line of every kind that an export has to deal with."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from accounts.models import Team
from accounts.tenancy import team_context
from billing.analysis.rating import rate_usage
from billing.analysis.usage import Bucket, Usage
from billing.models import (
    BookPrice,
    CostBasis,
    CostKind,
    CostLine,
    CostOutcome,
    Discount,
    Entry,
    ExchangeRate,
    TeamPrice,
)
from tests.billing.lines import add_line

BOOK_ID, OWN_ID, EURO_ID = 501, 502, 503
RATES = {Bucket.INPUT: "1.25", Bucket.CACHE_READ: "0.125", Bucket.OUTPUT: "10", Bucket.REASONING: "12.5"}
NEXT_MONTH = datetime(2026, 9, 3, 7, tzinfo=UTC)
USED = Usage(100_003, 20_001, None, 7_007, 1_001, calls=3)


def _decimals(rates: dict[Bucket, str]) -> dict[Bucket, Decimal]:
    return {bucket: Decimal(rate) for bucket, rate in rates.items()}


def _texts(rates: dict[Bucket, str], factor: str = "1") -> dict[str, str]:
    return {bucket.value: str(Decimal(rate) * Decimal(factor)) for bucket, rate in rates.items()}


def add_prices(team: Team) -> None:
    """A price of the book, one of the team at 90 % of it, and one in euros at 1.0825 dollars."""
    BookPrice.objects.create(id=BOOK_ID, provider="openai", model="gpt-5", rates=_texts(RATES), source="test")
    with team_context(team.id):
        discount = Discount.objects.create(provider="openai", percent=Decimal(10))
        own = {"model": "gpt-5", "rates": _texts(RATES, "0.9"), "list_price_id": BOOK_ID, "discount": discount}
        TeamPrice.objects.create(team=team, id=OWN_ID, provider="openai", **own)
        euro = {"model": "mistral-large", "rates": _texts(RATES), "currency": "EUR"}
        TeamPrice.objects.create(team=team, id=EURO_ID, provider="mistral", **euro)
        ExchangeRate.objects.create(currency="EUR", starts_on=date(2026, 8, 1), usd=Decimal("1.0825"))


def priced(usage: Usage = USED, factor: str = "1", usd: str = "1", **told: Any) -> dict[str, Any]:
    """The figures of a line that was priced."""
    listed = rate_usage(usage, _decimals(RATES))
    assert listed is not None
    billed, usd_rate = listed * Decimal(factor), Decimal(usd)
    tokens = {name: getattr(usage, name) for name in Usage.__dataclass_fields__ if name != "calls"}
    money = {"cost_usd": billed * usd_rate, "priced_usd": billed * usd_rate, "list_usd": listed * usd_rate}
    return {**tokens, "calls": usage.calls, **money, "billed": billed, **told}


def add_all_kinds(team: Team) -> list[CostLine]:
    """Lines priced, discounted, in euros, told, unpriced, corrected, re-rated, credited, allocated, with hard names."""
    add_prices(team)
    nothing = dict.fromkeys(("priced_usd", "list_usd", "billed"))
    return [
        add_line(team, price_id=BOOK_ID, tags={"customer": "Ærø", "centre": "12"}, **priced()),
        add_line(team, price_id=OWN_ID, outcome=CostOutcome.FAILED, tags={"centre": "12"}, **priced(factor="0.9")),
        add_line(
            *(team,),
            **priced(usd="1.0825", price_id=EURO_ID, currency="EUR", provider="mistral", model="mistral-large"),
        ),
        add_line(team, basis=CostBasis.TOLD, cost_usd=Decimal("0.0123456789012345"), told_usd=None, **nothing),
        add_line(team, basis=CostBasis.UNPRICED, model="new-model", cost_usd=None, unpriced_tokens=1100, **nothing),
        add_line(team, entry=Entry.CORRECTION, hour=NEXT_MONTH, **priced(Usage(11, calls=1), price_id=BOOK_ID)),
        add_line(
            *(team,),
            **{"entry": Entry.RE_RATED, "cost_usd": Decimal("-0.01"), "calls": 0, "input_tokens": None},
            **{"output_tokens": None, **nothing, "reason": '=cheaper, "by far"'},
        ),
        add_line(team, entry=Entry.CREDIT, kind=CostKind.OTHER, cost_usd=Decimal(-5), calls=0, **nothing),
        add_line(
            *(team,),
            **{"entry": Entry.ALLOCATED, "kind": CostKind.SUBSCRIPTION, "basis": CostBasis.ENTERED, "calls": 0},
            **{**nothing, "cost_usd": Decimal(20), "model": "", "provider": "", "workflow": '=HYPERLINK("x")\n&<b>'},
        ),
    ]
