"""The tables of the cost page in words: by workflow, by provider and kind, by model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import ngettext

from billing.models import CostKind
from billing.reads.cost import NOTHING, Figures
from billing.reads.cost_page import CostPage
from billing.reads.cost_rows import WorkflowRow
from billing.reads.course import Named, Spent, sums_by
from billing.views.scope import CostScope
from billing.views.words import change, kind_words, no_model_words, no_provider_words, no_workflow_words, per
from monitoring.presentation import Colour
from monitoring.views.comparing import growth_tone, sort_rows

SHOWN = 20
SHOWN_MODELS = 12
# In the order of the rows; the grey one is for what is left over.
COLOURS: tuple[Colour, ...] = ("c1", "c2", "c3", "c4", "c6")
OTHERS: Colour = "c5"
SORTS: Mapping[str, Callable[[WorkflowRow], Any]] = {
    "name": lambda row: row.name.lower(),
    "runs": lambda row: row.runs.runs if row.runs else None,
    "total": lambda row: row.now.cost_usd,
    "run": lambda row: per(row.now.cost_usd, row.runs.runs if row.runs else None),
    "success": lambda row: per(row.now.cost_usd, row.runs.succeeded if row.runs else None),
    "waste": lambda row: row.now.waste_usd,
    "change": lambda row: change(row.now.cost_usd, row.before.cost_usd),
}


@dataclass(frozen=True, slots=True)
class WorkflowLine:
    """A row of the table of workflows. Shares of 1, US dollars; None: not known."""

    name: str
    href: str
    trends_href: str
    lines_href: str
    runs: int | None
    succeeded: int | None
    cost_usd: Decimal | None
    per_run: Decimal | None
    per_success: Decimal | None
    waste_usd: Decimal | None
    waste_share: float | None
    waste_href: str
    unpriced_tokens: int
    before_usd: Decimal | None
    change: float | None
    tone: str
    points: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class NamedLine:
    """A row by provider, kind or model."""

    name: str
    note: str
    colour: Colour
    href: str
    tokens: int | None
    calls: int
    cost_usd: Decimal | None
    unpriced_tokens: int
    waste_usd: Decimal | None
    before_usd: Decimal | None
    change: float | None
    tone: str
    key: str = ""
    figures: Figures = field(default=NOTHING)


def drawn(scope: CostScope, rows: Sequence[WorkflowRow], shown: int | None) -> list[WorkflowRow]:
    """The workflows whose course is drawn: those of the chart, which are the dearest, and those of the table."""
    return [*rows[: len(COLOURS)], *sort_rows(rows, scope.sort, SORTS)[:shown]]


def workflow_lines(scope: CostScope, page: CostPage, shown: int | None = None) -> list[WorkflowLine]:
    """The first `shown` workflows (None: all) in the order that the address asks for, dearest first unasked."""
    buckets = page.course.buckets(page.period.days)

    def points(row: WorkflowRow) -> list[float | None]:
        told = page.courses.get(row.id, {})
        return [float(told.get(day) or 0) for day in buckets] if told else []

    rows = sort_rows(page.workflows, scope.sort, SORTS)[:shown]
    return [_workflow(scope, row, points(row)) for row in rows]


def _workflow(scope: CostScope, row: WorkflowRow, points: Sequence[float | None]) -> WorkflowLine:
    now, runs = row.now, row.runs
    rise = change(now.cost_usd, row.before.cost_usd)
    mine = {"workflow": row.slug or None}
    trends = f"/t/{scope.team.slug}/workflows/{row.slug}/" if row.slug else ""
    return WorkflowLine(
        name=row.name or no_workflow_words(),
        href=scope.href("cost", **mine) if row.slug else "",
        trends_href=trends,
        lines_href=scope.href("cost_lines", **mine) if row.slug else "",
        runs=runs.runs if runs else None,
        succeeded=runs.succeeded if runs else None,
        cost_usd=now.cost_usd,
        per_run=per(now.cost_usd, runs.runs if runs else None),
        per_success=per(now.cost_usd, runs.succeeded if runs else None),
        waste_usd=now.waste_usd,
        waste_share=now.waste_share,
        waste_href=scope.href("cost_lines", **mine, outcome=["failed", "retried", "after_divergence"]),
        unpriced_tokens=now.unpriced_tokens,
        before_usd=row.before.cost_usd,
        change=rise,
        tone=growth_tone(rise),
        points=points,
    )


def provider_key(cell: Named | Spent) -> int:
    """What the table of providers groups by: the provider of tokens, else the kind (below 0)."""
    return cell.provider_id if cell.is_tokens else -1 - cell.kind


def _is_kind(key: int) -> bool:
    # Ids of labels are 64-bit digests: the chance that one is this small is nil.
    return -16 < key < 0


def provider_lines(scope: CostScope, page: CostPage) -> list[NamedLine]:
    """By provider, and what is not tokens by kind; dearest first."""
    models: dict[int, set[int]] = {}
    for cell in page.course.now:
        models.setdefault(provider_key(cell), set()).add(cell.model_id)

    def name_of(key: int) -> tuple[str, str, str]:
        if _is_kind(key):
            word = kind_words(-1 - key)
            return word, "", scope.href("cost_lines", kind=_kind_param(-1 - key))
        name, count = page.labels.get(key, ""), len(models.get(key, set()) - {0})
        note = ngettext("{count} model", "{count} models", count).format(count=count) if count else ""
        href = scope.href("cost", provider=name) if name else ""
        return name or no_provider_words(), note, href

    return _lines(page, provider_key, name_of)


def model_lines(scope: CostScope, page: CostPage) -> list[NamedLine]:
    """By model, of what is paid by tokens; dearest first."""
    providers = {cell.model_id: cell.provider_id for cell in (*page.course.before, *page.course.now) if cell.is_tokens}

    def name_of(key: int) -> tuple[str, str, str]:
        name = page.labels.get(key, "")
        note = page.labels.get(providers.get(key, 0), "")
        return name or no_model_words(), note, scope.href("cost", model=name) if name else ""

    return _lines(page, lambda cell: cell.model_id, name_of, is_tokens=True)


def _lines(
    page: CostPage,
    key: Callable[[Named], int],
    name_of: Callable[[int], tuple[str, str, str]],
    *,
    is_tokens: bool = False,
) -> list[NamedLine]:
    now, before = (sums_by(cells, key, is_tokens=is_tokens) for cells in (page.course.now, page.course.before))
    order = sorted({*now, *before}, key=lambda one: (-(now.get(one, NOTHING).cost_usd or Decimal(0)), one))
    return [
        _named(str(one), name_of(one), now.get(one, NOTHING), before.get(one, NOTHING), place)
        for place, one in enumerate(order)
    ]


def _named(key: str, words: tuple[str, str, str], now: Figures, before: Figures, place: int) -> NamedLine:
    name, note, href = words
    rise = change(now.cost_usd, before.cost_usd)
    return NamedLine(
        name=name,
        note=note,
        colour=COLOURS[place] if place < len(COLOURS) else OTHERS,
        href=href,
        tokens=now.tokens,
        calls=now.calls,
        cost_usd=now.cost_usd,
        unpriced_tokens=now.unpriced_tokens,
        waste_usd=now.waste_usd,
        before_usd=before.cost_usd,
        change=rise,
        tone=growth_tone(rise),
        key=key,
        figures=now,
    )


def _kind_param(kind: int) -> str:
    return CostKind(kind).name.lower()
