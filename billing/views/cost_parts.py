"""The figures of the cost page in words: KPIs, what changed, unusual days, and what the figures do not hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import formats
from billing.analysis.decomposition import Factor
from billing.reads.changes import Concentrated, Odd
from billing.reads.cost_page import CostPage
from billing.reads.runs import Runs
from billing.views.scope import CostScope
from billing.views.words import (
    NO_WORKFLOW_WORDS,
    NOT_TOLD,
    change,
    compared_words,
    days_words,
    effect_words,
    mixed_words,
    money,
    per,
    signed_money,
    so_far_words,
)
from monitoring import wording
from monitoring.definitions import Line
from monitoring.views.comparing import growth_tone
from monitoring.views.trends_parts import Kpi


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
    Factor.VOLUME: "More or fewer runs",
    Factor.TOKENS_PER_RUN: "Longer or shorter prompts and answers",
    Factor.TOKENS: "More or fewer tokens; runs are not known for these filters",
    Factor.MODEL_MIX: "A greater or smaller share of dearer models",
    Factor.PRICE: "What the same model costs for each token, price changes included",
    Factor.WASTE: "What failed runs, retries and steps after a divergence cost",
}


def kpis(page: CostPage) -> list[Kpi]:
    """Total, forecast, cost per run, per successful run, and waste, each beside the same days of the period before."""
    buckets, costs = page.course.buckets(page.period.days), page.course.costs
    spent = [float(costs.get(day, 0)) for day in buckets]
    return [
        _total(page, spent),
        _forecast(page, spent),
        _unit(page, "Cost per run", "runs"),
        _unit(page, "Cost per successful run", "succeeded"),
        _waste(page),
    ]


def _total(page: CostPage, points: Sequence[float]) -> Kpi:
    rise = change(page.now.cost_usd, page.before.cost_usd)
    note = (
        f"on {compared_words(page.period)}" if rise is not None else f"nothing known of {compared_words(page.period)}"
    )
    if page.now.unpriced_tokens and page.now.cost_usd is not None:
        note = f"at least: {wording.tokens(page.now.unpriced_tokens)} tokens unpriced; {note}"
    if page.reported and page.reported.now.amount is not None:
        note += f"; {reported_words(page)}"
    return Kpi(
        f"Total, {so_far_words(page.period)}",
        "nothing" if page.is_idle else money(page.now.cost_usd),
        change=wording.signed_change(rise) if rise is not None else "",
        tone=growth_tone(rise),
        note=note,
        points=points,
        metric="cost",
        arithmetic=cost_lines(page),
    )


def reported_words(page: CostPage) -> str:
    """`EUR 1,104.20 at 1.0890 to 1.1012 USD`; why there is none; empty where the team reports in US dollars."""
    if page.reported is None:
        return ""
    now, currency = page.reported.now, page.reported.reporting.currency
    if now.amount is None:
        missing = days_words(now.missing[0], now.missing[-1])
        return f"{currency} unknown: no exchange rate for {missing}"
    ends = () if now.low is None else (now.low,) if now.low == now.high else (now.low, now.high)
    rates = " to ".join(formats.number(f"{end:f}") for end in ends)
    return f"{currency} {formats.number(f'{now.amount:,.2f}')}{f' at {rates} USD' if rates else ''}"


def _forecast(page: CostPage, spent: Sequence[float]) -> Kpi:
    sums, total = [], 0.0
    for one in spent:
        total += one
        sums.append(total)
    found, label = page.forecast, f"Forecast for {page.period.name}"
    if found is None:
        return Kpi(
            f"All of {page.period.name}",
            money(page.now.cost_usd),
            note="the period is over",
            points=sums,
            metric="cost",
        )
    if found.usd is None:
        return Kpi(label, "unknown", note=found.reason, points=sums, metric="forecast")
    interval = f"{money(found.low)} to {money(found.high)}, 4 in 5 times"
    if page.budget is None:
        return Kpi(label, money(found.usd), note=interval, points=sums, metric="forecast")
    over = page.budget.difference
    words, tone = f"{money(abs(over))} {'over' if over > 0 else 'under'}", "fail" if over > 0 else "ok"
    return Kpi(
        label,
        money(found.usd),
        change=words,
        tone=tone,
        note=f"budget; {interval}",
        points=sums,
        metric="forecast",
        arithmetic=[("Spent", money(page.now.cost_usd)), ("Days that are known", wording.count(found.known_days))],
    )


def _unit(page: CostPage, label: str, of: str) -> Kpi:
    metric = "cost_per_run" if of == "runs" else "cost_per_success"
    if page.runs is None or page.runs_before is None:
        return Kpi(label, "unknown", note="Runs are not counted for these filters.", metric=metric)
    value = per(page.now.cost_usd, getattr(page.runs, of))
    rise = change(value, per(page.before.cost_usd, getattr(page.runs_before, of)))
    noun = "run" if of == "runs" else "successful run"
    count = getattr(page.runs, of)
    note = f"on {compared_words(page.period)}, " if rise is not None else ""
    return Kpi(
        label,
        money(value),
        change=wording.signed_change(rise) if rise is not None else "",
        tone=growth_tone(rise),
        note=f"{note}{wording.count(count)} {noun}{'' if count == 1 else 's'}",
        points=unit_points(page, of),
        metric=metric,
        arithmetic=[("Cost", money(page.now.cost_usd)), (f"{noun.capitalize()}s", wording.count(count))],
    )


def unit_points(page: CostPage, of: str) -> list[float | None]:
    """The cost per run of each bucket; None where there was no run, or its cost is not known."""
    costs, runs = page.course.costs, page.course.runs or {}
    found = (per(costs.get(day), getattr(runs.get(day, Runs()), of)) for day in page.course.buckets(page.period.days))
    return [None if one is None else float(one) for one in found]


def _waste(page: CostPage) -> Kpi:
    share, before = page.now.waste_share, page.before.waste_share
    by_bucket = page.course.money_by_bucket
    points = [
        float(by_bucket[day].waste_usd or 0) if day in by_bucket else 0.0
        for day in page.course.buckets(page.period.days)
    ]
    usual = f", {wording.percent(before, 0)} on {compared_words(page.period)}" if before is not None else ""
    return Kpi(
        "Spent on failed runs",
        money(page.now.waste_usd),
        change=wording.percent(share, 0) if share is not None else "",
        tone="fail" if share and share >= 0.1 else "",
        note=f"of total{usual}" if share is not None else "",
        points=points,
        spark_tone="fail",
        metric="waste",
        arithmetic=waste_lines(page),
    )


def waste_lines(page: CostPage) -> list[Line]:
    """What the waste is made of."""
    parts = (
        ("Failed", page.now.failed_usd),
        ("Retried", page.now.retried_usd),
        ("After the divergence", page.now.diverged_usd),
    )
    return [(name, money(usd)) for name, usd in parts if usd is not None]


def cost_lines(page: CostPage) -> list[Line]:
    """What the cost is made of; the tokens that have no price are not in it."""
    useful = (("Useful", page.now.useful_usd), ("Settled", page.now.settled_usd))
    told = [(name, money(usd)) for name, usd in useful if usd is not None] + waste_lines(page)
    unpriced = page.now.unpriced_tokens
    return [*told, ("Tokens without a price", wording.tokens(unpriced))] if unpriced else told


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
            help=HELP.get(one.factor, ""),
        )
        for one in page.effects
    ]


def odd_lines(scope: CostScope, page: CostPage) -> list[OddLine]:
    """Unusual days, greatest excess first."""
    return [_odd(scope, page, one) for one in page.odd]


def _odd(scope: CostScope, page: CostPage, one: Odd) -> OddLine:
    found = one.found
    where = [text for text in (_workflow_words(page, one.workflow), _provider_words(page, one.provider)) if text]
    why = mixed_words(one.effects)
    rest = f"; concentrated in {' and in '.join(where)}" if where else ""
    day = days_words(found.day, found.day)
    return OddLine(
        days=days_words(found.first, found.last),
        excess=signed_money(found.excess),
        text=f"{money(found.usd)} on {day}, usual on such a day {money(found.usual)}. "
        f"Beside {days_words(found.like, found.like)}: {why}{rest}.",
        tone="fail" if found.excess > 0 else "ok",
        href=scope.href("cost_lines", day=found.day.isoformat()),
    )


def _workflow_words(page: CostPage, where: Concentrated | None) -> str:
    if where is None or where.share < 0.5:
        return ""
    name = next((row.name for row in page.workflows if row.id == where.id), "") or NO_WORKFLOW_WORDS
    return f"{name} ({wording.percent(min(where.share, 1), 0)})"


def _provider_words(page: CostPage, where: Concentrated | None) -> str:
    if where is None or where.share < 0.5 or not isinstance(where.id, int):
        return ""
    name = page.labels.get(where.id, NOT_TOLD["provider"])
    return f"{name} ({wording.percent(min(where.share, 1), 0)})"


def notes(scope: CostScope, page: CostPage) -> list[Note]:
    """What is not in the figures, and what they rest on, said plainly."""
    found = []
    if page.now.unpriced_tokens:
        text = format_html("<b>{} tokens have no price.</b> What they cost is in no figure of this page.",
                           wording.tokens(page.now.unpriced_tokens))  # fmt: skip
        found.append(Note(text, scope.href("cost_lines", basis="unpriced"), "See their lines"))
    if page.now.difference_usd is not None:
        text = format_html(
            "Where senders told a cost and prices say one, told is <b>{}</b> beside computed. Senders told {} in all,"
            " prices say {}. One rule for each source picks what counts.",
            signed_money(page.now.difference_usd), money(page.now.told_usd), money(page.now.priced_usd),
        )  # fmt: skip
        found.append(Note(text, scope.href("cost_lines"), "See both by line"))
    if words := reported_words(page):
        found.append(Note(format_html("In the reporting currency: <b>{}</b>. Each day counts at its own rate.", words)))
    if scope.choices.left_out:
        left = ", ".join(scope.choices.left_out)
        found.append(Note(format_html("Not filtered by <b>{}</b>: figures are kept by one of these at a time.", left)))
    return found
