"""The KPIs of the cost page: what was spent, what will be, and what a run costs, each beside the period before."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import formats
from billing.reads.cost_page import CostPage
from billing.reads.runs import Runs
from billing.views.words import change, compared_words, days_words, money, per, so_far_words
from monitoring import wording
from monitoring.definition import Line
from monitoring.views.comparing import growth_tone
from monitoring.views.trends_parts import Kpi


def kpis(page: CostPage) -> list[Kpi]:
    """Total, forecast, cost per run, per successful run, and waste, each beside the same days of the period before."""
    buckets, costs = page.course.buckets(page.period.days), page.course.costs
    spent = [float(costs.get(day, 0)) for day in buckets]
    return [
        _total(page, spent),
        _forecast(page, spent),
        _unit(page, _("Cost per run"), "runs"),
        _unit(page, _("Cost per successful run"), "succeeded"),
        _waste(page),
    ]


def _total(page: CostPage, points: Sequence[float]) -> Kpi:
    rise = change(page.now.cost_usd, page.before.cost_usd)
    note = _("nothing known of {period}") if rise is None else _("on {period}")
    note = note.format(period=compared_words(page.period))
    if page.now.unpriced_tokens and page.now.cost_usd is not None:
        words = _("at least: {tokens} tokens unpriced; {note}")
        note = words.format(tokens=wording.tokens(page.now.unpriced_tokens), note=note)
    if page.reported and page.reported.now.amount is not None:
        note = _("{note}; {reported}").format(note=note, reported=reported_words(page))
    return Kpi(
        _("Total, {period}").format(period=so_far_words(page.period)),
        _("nothing") if page.is_idle else money(page.now.cost_usd),
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
        return _("{currency} unknown: no exchange rate for {days}").format(currency=currency, days=missing)
    if now.low is None:
        words = "{currency} {amount}"
    elif now.low == now.high:
        words = _("{currency} {amount} at {low} USD")
    else:
        words = _("{currency} {amount} at {low} to {high} USD")
    low, high = (None if one is None else formats.number(f"{one:f}") for one in (now.low, now.high))
    return words.format(currency=currency, amount=formats.number(f"{now.amount:,.2f}"), low=low, high=high)


def _forecast(page: CostPage, spent: Sequence[float]) -> Kpi:
    sums, total = [], 0.0
    for one in spent:
        total += one
        sums.append(total)
    found, label = page.forecast, _("Forecast for {period}").format(period=page.period.name)
    if found is None:
        return Kpi(
            _("All of {period}").format(period=page.period.name),
            money(page.now.cost_usd),
            note=_("the period is over"),
            points=sums,
            metric="cost",
        )
    if found.usd is None:
        return Kpi(label, _("unknown"), note=found.reason, points=sums, metric="forecast")
    span = {"low": money(found.low), "high": money(found.high)}
    if page.budget is None:
        interval = _("{low} to {high}, 4 in 5 times").format(**span)
        return Kpi(label, money(found.usd), note=interval, points=sums, metric="forecast")
    over = page.budget.difference
    words, tone = (_("{amount} over"), "fail") if over > 0 else (_("{amount} under"), "ok")
    return Kpi(
        label,
        money(found.usd),
        change=words.format(amount=money(abs(over))),
        tone=tone,
        note=_("budget; {low} to {high}, 4 in 5 times").format(**span),
        points=sums,
        metric="forecast",
        arithmetic=[
            (_("Spent"), money(page.now.cost_usd)),
            (_("Days that are known"), wording.count(found.known_days)),
        ],
    )


def _unit(page: CostPage, label: str, of: str) -> Kpi:
    metric = "cost_per_run" if of == "runs" else "cost_per_success"
    if page.runs is None or page.runs_before is None:
        return Kpi(label, _("unknown"), note=_("Runs are not counted for these filters."), metric=metric)
    value = per(page.now.cost_usd, getattr(page.runs, of))
    rise = change(value, per(page.before.cost_usd, getattr(page.runs_before, of)))
    count = getattr(page.runs, of)
    words = _runs_words(count, of, is_compared=rise is not None)
    return Kpi(
        label,
        money(value),
        change=wording.signed_change(rise) if rise is not None else "",
        tone=growth_tone(rise),
        note=words.format(count=wording.count(count), period=compared_words(page.period)),
        points=unit_points(page, of),
        metric=metric,
        arithmetic=[
            (_("Cost"), money(page.now.cost_usd)),
            (_("Runs") if of == "runs" else _("Successful runs"), wording.count(count)),
        ],
    )


def _runs_words(count: int, of: str, *, is_compared: bool) -> str:
    """How many runs a unit cost is of, with the period it is compared with; the figures are left to be put in."""
    if of == "runs" and is_compared:
        return ngettext("on {period}, {count} run", "on {period}, {count} runs", count)
    if of == "runs":
        return ngettext("{count} run", "{count} runs", count)
    if is_compared:
        return ngettext("on {period}, {count} successful run", "on {period}, {count} successful runs", count)
    return ngettext("{count} successful run", "{count} successful runs", count)


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
    words = _("of total") if before is None else _("of total, {share} on {period}")
    note = words.format(share=wording.percent(before, 0), period=compared_words(page.period))
    return Kpi(
        _("Spent on failed runs"),
        money(page.now.waste_usd),
        change=wording.percent(share, 0) if share is not None else "",
        tone="fail" if share and share >= 0.1 else "",
        note=note if share is not None else "",
        points=points,
        spark_tone="fail",
        metric="waste",
        arithmetic=waste_lines(page),
    )


def waste_lines(page: CostPage) -> list[Line]:
    """What the waste is made of."""
    parts = (
        (_("Failed"), page.now.failed_usd),
        (_("Retried"), page.now.retried_usd),
        (_("After the divergence"), page.now.diverged_usd),
    )
    return [(name, money(usd)) for name, usd in parts if usd is not None]


def cost_lines(page: CostPage) -> list[Line]:
    """What the cost is made of; the tokens that have no price are not in it."""
    useful = ((_("Useful"), page.now.useful_usd), (_("Settled"), page.now.settled_usd))
    told = [(name, money(usd)) for name, usd in useful if usd is not None] + waste_lines(page)
    unpriced = page.now.unpriced_tokens
    return [*told, (_("Tokens without a price"), wording.tokens(unpriced))] if unpriced else told
