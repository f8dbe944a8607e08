"""How costs are written: money, changes, days, and names that were not told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from accounts import formats
from billing.analysis.decomposition import Effect, Factor
from billing.analysis.periods import Days, Period, PeriodKind
from billing.models import CostKind
from monitoring import wording

DASH = "\N{EN DASH}"
NO_WORKFLOW_WORDS = "Workflow not told"
NOT_TOLD = {"provider": "Provider not told", "model": "Model not told"}
FACTOR_WORDS = {
    Factor.VOLUME: "Volume",
    Factor.TOKENS_PER_RUN: "Tokens per run",
    Factor.TOKENS: "Tokens used",
    Factor.MODEL_MIX: "Model mix",
    Factor.PRICE: "Prices",
    Factor.WASTE: "Retries and failed runs",
    Factor.UNTOKENED: "Told without tokens",
}
_CENT = Decimal("0.01")


def money(usd: Decimal | None) -> str:
    """`$1,202.40`; an unknown amount is said to be so."""
    return "unknown" if usd is None else wording.usd(usd)


def signed_money(usd: Decimal | None) -> str:
    """`+$96.00`, `−$17.20`."""
    if usd is None:
        return "unknown"
    words = wording.usd(usd)
    if "under" in words:
        return "under $0.0001"
    return f"{'+' if usd > 0 else ''}{words}" if usd else "no change"


def per(usd: Decimal | None, count: int | None) -> Decimal | None:
    """An amount over a count; None where either is missing."""
    return usd / count if usd is not None and count else None


def change(now: Decimal | None, before: Decimal | None) -> float | None:
    """The relative change; None where either is unknown, or there was nothing before."""
    return float(now / before) - 1 if now is not None and before and before > 0 else None


def day_words(day: date) -> str:
    """`19 Nov`."""
    return formats.day(day)


def days_words(first: date, last: date) -> str:
    """`19 Nov`, `1–22 Nov`, `28 Sep–3 Oct`."""
    if first == last:
        return day_words(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{formats.first_day(first, last)}{DASH}{day_words(last)}"
    return f"{day_words(first)}{DASH}{day_words(last)}"


def window_words(days: Days) -> str:
    """The days of a window, last included: `1–22 Nov`."""
    return days_words(days.start, days.end - date.resolution)


def so_far_words(period: Period) -> str:
    """What a total is of: `1–22 Nov`, or the period where all of it is over."""
    if not period.is_running:
        return period.name
    words = window_words(period.days)
    return words if period.kind is PeriodKind.MONTH else f"{period.name} to {day_words(period.today)}"


def compared_words(period: Period) -> str:
    """What a period is compared with: `1–22 Oct`, `October 2026`."""
    if not period.is_running:
        return period.step(-1).name
    return window_words(period.compared)


def effect_words(effect: Effect) -> str:
    """The name of an effect."""
    return effect.name or FACTOR_WORDS.get(effect.factor, str(effect.factor))


def kind_words(kind: int) -> str:
    """The name of a kind of cost."""
    return str(CostKind(kind).label)


def mixed_words(effects: Sequence[Effect], most: int = 2) -> str:
    """The greatest effects in one line: `volume +$12.00, prices +$3.10`."""
    return ", ".join(f"{effect_words(one).lower()} {signed_money(one.usd)}" for one in effects[:most])


@dataclass(frozen=True, slots=True)
class Plain:
    """An amount as a cell of CSV: a number without an exponent, never a text, so that a minus is no formula."""

    usd: Decimal

    def __str__(self) -> str:
        return f"{self.usd:f}"


def cell(usd: Decimal | None) -> Plain | None:
    """An amount for CSV."""
    return None if usd is None else Plain(usd)


def cents(usd: Decimal) -> Decimal:
    """Rounded to the cent, for charts."""
    return usd.quantize(_CENT)


class Number(Decimal):
    """A number for a cell: without an exponent, and no text, so that one below 0 is not taken for a formula."""

    def __str__(self) -> str:
        return format(self, "f")


def number(value: Decimal | int | None) -> Number | None:
    """The cell of an amount or a count."""
    return None if value is None else Number(value)
