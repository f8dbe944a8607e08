"""The answer of the cost page: will the budget hold, or what was spent and where it goes; and what to open first."""

from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from billing.analysis.budget_course import BudgetCourse, BudgetState
from billing.analysis.periods import DAY
from billing.reads.cost_page import CostPage
from billing.reads.cost_rows import WorkflowRow
from billing.views.scope import CostScope
from billing.views.words import (
    change,
    compared_words,
    day_words,
    mixed_words,
    money,
    no_workflow_words,
    signed_money,
    so_far_words,
)
from monitoring import wording
from monitoring.presentation import Action

# Below this share of the cost, waste is no place to start.
NOTABLE_WASTE = 0.05
NOTABLE_CHANGE = 0.1
_NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class CostPanel:
    """The verdict panel. `word` is what its sign says."""

    question: str
    answer: str
    word: str
    tone: str
    paragraphs: list[SafeString]
    actions: list[Action]


def panel(scope: CostScope, page: CostPage, *, may_alert: bool) -> CostPanel:
    """The answer, its evidence, and where to start."""
    question = _("What did it cost, and where is it going?")
    answer, word, tone = _spent(page)
    if page.budget is not None:
        is_running = page.period.is_running
        question = _("Will we stay inside the budget?") if is_running else _("Did we stay inside the budget?")
        answer, word, tone = _budget(page, page.budget)
    paragraphs = [one for one in (_change_sentence(page), _waste_sentence(page), _unpriced_sentence(page)) if one]
    return CostPanel(question, answer, word, tone, paragraphs, _actions(scope, page, may_alert=may_alert))


def _spent(page: CostPage) -> tuple[str, str, str]:
    usd, found = page.now.cost_usd, page.forecast
    if page.is_idle:
        words = _("Nothing yet in {period}.") if page.period.is_running else _("Nothing in {period}.")
        return words.format(period=page.period.name), _("Nothing"), "idle"
    if usd is None:
        return _("Unknown: nothing of what was used has a price."), _("Unknown"), "idle"
    rise = change(usd, page.before.cost_usd)
    word, tone = (_("Rising"), "watch") if rise is not None and rise >= NOTABLE_CHANGE else (_("As before"), "ok")
    if found is None:
        words = _("{usd} in {period}.") if rise is None else _("{usd} in {period}, {change} on {before}.")
        moved, before = wording.signed_change(rise), compared_words(page.period)
        return words.format(usd=money(usd), period=page.period.name, change=moved, before=before), word, tone
    if found.usd is None:
        words = _("{usd} so far; too few days to say where it is going.")
        return words.format(usd=money(usd)), _("Not enough data"), "idle"
    words = _("{usd} so far, about {expected} by {day}.")
    return words.format(usd=money(usd), expected=money(found.usd), day=_last(page)), word, tone


def _budget(page: CostPage, course: BudgetCourse) -> tuple[str, str, str]:
    match course.state:
        case BudgetState.OVER if course.actual > course.amount:
            found = _("No: {spent} of {limit} is spent."), _("Over"), "fail"
        case BudgetState.OVER:
            found = _("Not at this rate: {expected} of {limit} by {day}."), _("Will be over"), "watch"
        case BudgetState.AT_RISK:
            found = _("At risk: {expected} of {limit} by {day}."), _("At risk"), "watch"
        case BudgetState.INSIDE:
            found = _("Yes: {expected} of {limit} by {day}."), _("Inside"), "ok"
        case BudgetState.UNKNOWN:
            found = _("{spent} of {limit} is spent; too few days to forecast."), _("Not enough data"), "idle"
    spent, expected, limit = (money(one) for one in (course.actual, course.forecast, course.amount))
    return found[0].format(spent=spent, expected=expected, limit=limit, day=_last(page)), *found[1:]


def _last(page: CostPage) -> str:
    return day_words(page.period.end - DAY)


def _change_sentence(page: CostPage) -> SafeString | None:
    moved, rise = page.change_usd, change(page.now.cost_usd, page.before.cost_usd)
    if moved is None:
        return None
    if rise is not None and page.effects:
        words = _("{period}: <b>{change}</b> ({percent}) on {before}, most of it {effects}.")
    elif rise is not None:
        words = _("{period}: <b>{change}</b> ({percent}) on {before}.")
    elif page.effects:
        words = _("{period}: <b>{change}</b> on {before}, most of it {effects}.")
    else:
        words = _("{period}: <b>{change}</b> on {before}.")
    return format_html(
        words,
        period=so_far_words(page.period),
        change=signed_money(moved),
        percent=wording.signed_change(rise),
        before=compared_words(page.period),
        effects=mixed_words(page.effects),
    )


def worst_waste(page: CostPage) -> WorkflowRow | None:
    """The workflow that wastes most, where that is notable."""
    row = max(page.workflows, key=lambda one: one.now.waste_usd or _NONE, default=None)
    share = page.now.waste_share
    return row if row and row.now.waste_usd and share is not None and share >= NOTABLE_WASTE else None


def most_risen(page: CostPage) -> WorkflowRow | None:
    """The workflow whose cost rose most; None where none rose."""
    row = max(page.workflows, key=_rise, default=None)
    return row if row and _rise(row) > 0 else None


def _rise(row: WorkflowRow) -> Decimal:
    return (row.now.cost_usd or _NONE) - (row.before.cost_usd or _NONE)


def _waste_sentence(page: CostPage) -> SafeString | None:
    waste, row = page.now.waste_usd, worst_waste(page)
    if not waste or page.now.cost_usd is None:
        return None
    told = {"waste": money(waste), "share": wording.percent(page.now.waste_share, 0)}
    if row is None or len(page.workflows) < 2:
        words = _(
            "<b>{waste}</b> of it ({share}) paid for failed runs and retries. Without that it would be <b>{rest}</b>."
        )
        return format_html(words, **told, rest=money(page.now.cost_usd - waste))
    theirs = row.now.waste_usd or _NONE
    words = _(
        "<b>{waste}</b> of it ({share}) paid for failed runs and retries, <b>{theirs}</b> of that in"
        " <b>{workflow}</b>. Without what it wastes the total would be <b>{rest}</b>."
    )
    name, rest = row.name or no_workflow_words(), money(page.now.cost_usd - theirs)
    return format_html(words, **told, theirs=money(theirs), workflow=name, rest=rest)


def _unpriced_sentence(page: CostPage) -> SafeString | None:
    if not page.now.unpriced_tokens:
        return None
    words = _("<b>{tokens} tokens</b> have no price and are in no figure.")
    return format_html(words, tokens=wording.tokens(page.now.unpriced_tokens))


def _actions(scope: CostScope, page: CostPage, *, may_alert: bool) -> list[Action]:
    actions, row = [], worst_waste(page) or most_risen(page)
    if row and row.slug:
        is_only = len(page.workflows) == 1
        href = reverse("trends", args=[scope.team.slug, row.slug]) if is_only else scope.href("cost", workflow=row.slug)
        label = _("Open {name}").format(name=row.name) if len(row.name) <= 40 else _("Open the workflow")
        actions.append(Action(label, href, "flow", primary=True))
    if page.now.unpriced_tokens:
        href = scope.href("cost_lines", basis="unpriced")
        actions.append(Action(_("See tokens without a price"), href, "coin", primary=not actions))
    if page.kept_budget is not None:
        href = reverse("budget", args=[scope.team.slug, page.kept_budget.id])
        actions.append(Action(_("Open the budget"), href, "coin", primary=not actions))
    if may_alert:
        query = urlencode({"metric": "cost_usd", "environment": scope.environment or ""})
        actions.append(Action(_("Set a cost alert"), f"{reverse('new_rule', args=[scope.team.slug])}?{query}", "bell"))
    return actions
