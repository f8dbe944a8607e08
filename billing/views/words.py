"""How costs are written: money, changes, days, and names that were not told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import formats
from billing.analysis.decomposition import Effect, Factor
from billing.analysis.periods import Days, Period, PeriodKind
from billing.models import CostKind
from billing.reads.changes import SETTLED
from monitoring import wording

DASH = "\N{EN DASH}"
# As a label, and inside a sentence.
_FACTOR_WORDS = {
    Factor.VOLUME: (gettext_noop("Volume"), gettext_noop("volume")),
    Factor.TOKENS_PER_RUN: (gettext_noop("Tokens per run"), gettext_noop("tokens per run")),
    Factor.TOKENS: (gettext_noop("Tokens used"), gettext_noop("tokens used")),
    Factor.MODEL_MIX: (gettext_noop("Model mix"), gettext_noop("model mix")),
    Factor.PRICE: (gettext_noop("Prices"), gettext_noop("prices")),
    Factor.WASTE: (gettext_noop("Retries and failed runs"), gettext_noop("retries and failed runs")),
    Factor.UNTOKENED: (gettext_noop("Told without tokens"), gettext_noop("told without tokens")),
}
# Amounts that are no tokens, by the names of `reads.changes`, inside a sentence.
_OTHER_WORDS = {
    SETTLED: gettext_noop("corrections, credits and adjustments"),
    str(CostKind.COMPUTE.label): gettext_noop("compute"),
    str(CostKind.STORAGE.label): gettext_noop("storage"),
    str(CostKind.API.label): gettext_noop("api calls"),
    str(CostKind.SUBSCRIPTION.label): gettext_noop("subscriptions"),
    str(CostKind.BACKUP.label): gettext_noop("backup"),
    str(CostKind.OTHER.label): gettext_noop("other"),
}
_CENT = Decimal("0.01")
# What is less is written as `under $0.0001`.
_LEAST_SHOWN = Decimal("0.00005")


def no_workflow_words() -> str:
    """What stands in the place of a workflow that nobody told."""
    return _("Workflow not told")


def no_provider_words() -> str:
    """What stands in the place of a provider that nobody told."""
    return _("Provider not told")


def no_model_words() -> str:
    """What stands in the place of a model that nobody told."""
    return _("Model not told")


def money(usd: Decimal | None) -> str:
    """`$1,202.40`; an unknown amount is said to be so."""
    return _("unknown") if usd is None else wording.usd(usd)


def signed_money(usd: Decimal | None) -> str:
    """`+$96.00`, `−$17.20`."""
    if usd is None:
        return _("unknown")
    if 0 < abs(usd) < _LEAST_SHOWN:
        return wording.usd(abs(usd))
    return f"{'+' if usd > 0 else ''}{wording.usd(usd)}" if usd else _("no change")


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
    if period.kind is PeriodKind.MONTH:
        return words
    return _("{period} to {day}").format(period=period.name, day=day_words(period.today))


def compared_words(period: Period) -> str:
    """What a period is compared with: `1–22 Oct`, `October 2026`."""
    if not period.is_running:
        return period.step(-1).name
    return window_words(period.compared)


def effect_words(effect: Effect) -> str:
    """The name of an effect."""
    return _(effect.name) if effect.name else _(_FACTOR_WORDS[effect.factor][0])


def kind_words(kind: int) -> str:
    """The name of a kind of cost."""
    return _(str(CostKind(kind).label))


def mixed_words(effects: Sequence[Effect], most: int = 2) -> str:
    """The greatest effects in one line: `volume +$12.00, prices +$3.10`."""
    words = _("{effect} {amount}")
    return ", ".join(words.format(effect=_inside(one), amount=signed_money(one.usd)) for one in effects[:most])


def _inside(effect: Effect) -> str:
    """The name of an effect inside a sentence."""
    return _(_OTHER_WORDS.get(effect.name, effect.name)) if effect.name else _(_FACTOR_WORDS[effect.factor][1])


def period_kind_words(kind: PeriodKind) -> str:
    """What a period is called: `Month`."""
    return {PeriodKind.MONTH: _("Month"), PeriodKind.QUARTER: _("Quarter"), PeriodKind.YEAR: _("Year")}[kind]


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
