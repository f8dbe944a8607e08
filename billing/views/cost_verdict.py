"""The answer of the cost page: will the budget hold, or what was spent and where it goes; and what to open first."""

from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.analysis.budget_course import BudgetCourse, BudgetState
from billing.analysis.periods import DAY
from billing.reads.cost_page import CostPage
from billing.reads.cost_rows import WorkflowRow
from billing.views.scope import CostScope
from billing.views.words import (
    NO_WORKFLOW_WORDS,
    change,
    compared_words,
    day_words,
    mixed_words,
    money,
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
    question = "What did it cost, and where is it going?"
    answer, word, tone = _spent(page)
    if page.budget is not None:
        question = "Will we stay inside the budget?" if page.period.is_running else "Did we stay inside the budget?"
        answer, word, tone = _budget(page, page.budget)
    paragraphs = [one for one in (_change_sentence(page), _waste_sentence(page), _unpriced_sentence(page)) if one]
    return CostPanel(question, answer, word, tone, paragraphs, _actions(scope, page, may_alert=may_alert))


def _spent(page: CostPage) -> tuple[str, str, str]:
    usd, found = page.now.cost_usd, page.forecast
    if page.is_idle:
        return f"Nothing{' yet' if page.period.is_running else ''} in {page.period.name}.", "Nothing", "idle"
    if usd is None:
        return "Unknown: nothing of what was used has a price.", "Unknown", "idle"
    rise = change(usd, page.before.cost_usd)
    word, tone = ("Rising", "watch") if rise is not None and rise >= NOTABLE_CHANGE else ("As before", "ok")
    if found is None:
        moved = f", {wording.signed_change(rise)} on {compared_words(page.period)}" if rise is not None else ""
        return f"{money(usd)} in {page.period.name}{moved}.", word, tone
    if found.usd is None:
        return f"{money(usd)} so far; too few days to say where it is going.", "Not enough data", "idle"
    return f"{money(usd)} so far, about {money(found.usd)} by {_last(page)}.", word, tone


def _budget(page: CostPage, course: BudgetCourse) -> tuple[str, str, str]:
    amount = money(course.amount)
    match course.state:
        case BudgetState.OVER if course.actual > course.amount:
            return f"No: {money(course.actual)} of {amount} is spent.", "Over", "fail"
        case BudgetState.OVER:
            return f"Not at this rate: {money(course.forecast)} of {amount} by {_last(page)}.", "Will be over", "watch"
        case BudgetState.AT_RISK:
            return f"At risk: {money(course.forecast)} of {amount} by {_last(page)}.", "At risk", "watch"
        case BudgetState.INSIDE:
            return f"Yes: {money(course.forecast)} of {amount} by {_last(page)}.", "Inside", "ok"
    return f"{money(course.actual)} of {amount} is spent; too few days to forecast.", "Not enough data", "idle"


def _last(page: CostPage) -> str:
    return day_words(page.period.end - DAY)


def _change_sentence(page: CostPage) -> SafeString | None:
    moved, rise = page.change_usd, change(page.now.cost_usd, page.before.cost_usd)
    if moved is None:
        return None
    percent = f" ({wording.signed_change(rise)})" if rise is not None else ""
    mostly = f", most of it {mixed_words(page.effects)}" if page.effects else ""
    now, before = so_far_words(page.period), compared_words(page.period)
    return format_html("{}: <b>{}</b>{} on {}{}.", now, signed_money(moved), percent, before, mostly)


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
    text = format_html(
        "<b>{}</b> of it ({}) paid for failed runs and retries", money(waste), wording.percent(page.now.waste_share, 0)
    )
    if row is None or len(page.workflows) < 2:
        return format_html("{}. Without that it would be <b>{}</b>.", text, money(page.now.cost_usd - waste))
    theirs = row.now.waste_usd or _NONE
    return format_html(
        "{}, <b>{}</b> of that in <b>{}</b>. Without what it wastes the total would be <b>{}</b>.",
        text, money(theirs), row.name or NO_WORKFLOW_WORDS, money(page.now.cost_usd - theirs),
    )  # fmt: skip


def _unpriced_sentence(page: CostPage) -> SafeString | None:
    if not page.now.unpriced_tokens:
        return None
    return format_html("<b>{} tokens</b> have no price and are in no figure.", wording.tokens(page.now.unpriced_tokens))


def _actions(scope: CostScope, page: CostPage, *, may_alert: bool) -> list[Action]:
    actions, row = [], worst_waste(page) or most_risen(page)
    if row and row.slug:
        is_only = len(page.workflows) == 1
        href = reverse("trends", args=[scope.team.slug, row.slug]) if is_only else scope.href("cost", workflow=row.slug)
        label = f"Open {row.name}" if len(row.name) <= 40 else "Open the workflow"
        actions.append(Action(label, href, "flow", primary=True))
    if page.now.unpriced_tokens:
        href = scope.href("cost_lines", basis="unpriced")
        actions.append(Action("See tokens without a price", href, "coin", primary=not actions))
    if page.kept_budget is not None:
        href = reverse("budget", args=[scope.team.slug, page.kept_budget.id])
        actions.append(Action("Open the budget", href, "coin", primary=not actions))
    if may_alert:
        query = urlencode({"metric": "cost_usd", "environment": scope.environment or ""})
        actions.append(Action("Set a cost alert", f"{reverse('new_rule', args=[scope.team.slug])}?{query}", "bell"))
    return actions
