"""The cost page in words: what changed, unusual days, and what the figures do not hold."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.analysis.decomposition import Factor
from billing.reads.changes import Concentrated, Odd
from billing.reads.cost_page import CostPage
from billing.views.cost_kpis import reported_words
from billing.views.scope import CostScope
from billing.views.words import (
    day_words,
    days_words,
    effect_words,
    mixed_words,
    money,
    no_provider_words,
    no_workflow_words,
    signed_money,
)
from monitoring import wording


@dataclass(frozen=True, slots=True)
class EffectLine:
    """One effect as a bar from the middle: `x` and `width` of 100."""

    name: str
    usd: Decimal
    words: str
    x: float
    width: float
    tone: str
    help: str


@dataclass(frozen=True, slots=True)
class OddLine:
    """Days outside the usual: how far, why, and where it is concentrated."""

    days: str
    excess: str
    text: str
    tone: str
    href: str


@dataclass(frozen=True, slots=True)
class Note:
    """What the figures do not hold, or what they rest on."""

    text: SafeString
    href: str = ""
    label: str = ""


HELP = {
    Factor.VOLUME: gettext_noop("More or fewer runs"),
    Factor.TOKENS_PER_RUN: gettext_noop("Longer or shorter prompts and answers"),
    Factor.TOKENS: gettext_noop("More or fewer tokens; runs are not known for these filters"),
    Factor.MODEL_MIX: gettext_noop("A greater or smaller share of dearer models"),
    Factor.PRICE: gettext_noop("What the same model costs for each token, price changes included"),
    Factor.WASTE: gettext_noop("What failed runs, retries and steps after a divergence cost"),
}


def effect_lines(page: CostPage) -> list[EffectLine]:
    """What changed, greatest first, as bars about a zero that leaves room for both sides."""
    if not page.effects or page.change_usd is None:
        return []
    low = min(0.0, *(float(one.usd) for one in page.effects))
    high = max(0.0, *(float(one.usd) for one in page.effects))
    span = high - low or 1.0
    return [
        EffectLine(
            name=effect_words(one),
            usd=one.usd,
            words=signed_money(one.usd),
            x=round((min(float(one.usd), 0.0) - low) / span * 100, 2),
            width=round(abs(float(one.usd)) / span * 100, 2),
            tone=("fail" if one.factor is Factor.WASTE else "") if one.usd > 0 else "ok",
            help=_(HELP[one.factor]) if one.factor in HELP else "",
        )
        for one in page.effects
    ]


def odd_lines(scope: CostScope, page: CostPage) -> list[OddLine]:
    """Unusual days, greatest excess first."""
    return [_odd(scope, page, one) for one in page.odd]


def _odd(scope: CostScope, page: CostPage, one: Odd) -> OddLine:
    found = one.found
    where = [text for text in (_workflow_words(page, one.workflow), _provider_words(page, one.provider)) if text]
    words = (
        _("{cost} on {day}, usual on such a day {usual}. Beside {like}: {why}."),
        _("{cost} on {day}, usual on such a day {usual}. Beside {like}: {why}; concentrated in {place}."),
        _(
            "{cost} on {day}, usual on such a day {usual}."
            " Beside {like}: {why}; concentrated in {place} and in {other_place}."
        ),
    )[len(where)]
    return OddLine(
        days=days_words(found.first, found.last),
        excess=signed_money(found.excess),
        text=words.format(
            cost=money(found.usd),
            day=day_words(found.day),
            usual=money(found.usual),
            like=day_words(found.like),
            why=mixed_words(one.effects),
            **dict(zip(("place", "other_place"), where, strict=False)),
        ),
        tone="fail" if found.excess > 0 else "ok",
        href=scope.href("cost_lines", day=found.day.isoformat()),
    )


def _workflow_words(page: CostPage, where: Concentrated | None) -> str:
    if where is None or where.share < 0.5:
        return ""
    name = next((row.name for row in page.workflows if row.id == where.id), "") or no_workflow_words()
    return f"{name} ({wording.percent(min(where.share, 1), 0)})"


def _provider_words(page: CostPage, where: Concentrated | None) -> str:
    if where is None or where.share < 0.5 or not isinstance(where.id, int):
        return ""
    name = page.labels.get(where.id) or no_provider_words()
    return f"{name} ({wording.percent(min(where.share, 1), 0)})"


def notes(scope: CostScope, page: CostPage) -> list[Note]:
    """What is not in the figures, and what they rest on, said plainly."""
    found = []
    if page.now.unpriced_tokens:
        text = format_html(
            _("<b>{tokens} tokens have no price.</b> What they cost is in no figure of this page."),
            tokens=wording.tokens(page.now.unpriced_tokens),
        )
        found.append(Note(text, scope.href("cost_lines", basis="unpriced"), _("See their lines")))
    if page.now.difference_usd is not None:
        text = format_html(
            _(
                "Where senders told a cost and prices say one, told is <b>{difference}</b> beside computed. Senders"
                " told {told} in all, prices say {computed}. One rule for each source picks what counts."
            ),
            difference=signed_money(page.now.difference_usd),
            told=money(page.now.told_usd),
            computed=money(page.now.priced_usd),
        )
        found.append(Note(text, scope.href("cost_lines"), _("See both by line")))
    if words := reported_words(page):
        reported = _("In the reporting currency: <b>{amount}</b>. Each day counts at its own rate.")
        found.append(Note(format_html(reported, amount=words)))
    if scope.choices.left_out:
        left = ", ".join(scope.choices.left_out)
        unfiltered = _("Not filtered by <b>{names}</b>: figures are kept by one of these at a time.")
        found.append(Note(format_html(unfiltered, names=left)))
    return found
