"""The cost page of a team: what did it cost, where is it going, and where to start."""

from typing import Any

from django.http import HttpResponseBase, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts import formats
from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from billing.models import CostKind
from billing.reads.choices import TITLES
from billing.reads.cost_document import summary_document
from billing.reads.cost_page import CostPage, load
from billing.views import cost_charts, cost_parts, cost_rows, cost_verdict
from billing.views.cost_export import TABLES, as_csv
from billing.views.scope import NO_FILTERS, PARAMS, CostScope, frame, open_costs
from billing.views.words import compared_words, signed_money, so_far_words
from monitoring import wording
from monitoring.presentation import FilterChoice
from monitoring.reads.emptiness import is_empty
from monitoring.reads.releases import ReleaseMark, release_marks
from monitoring.windows import Window


@team_page(Permission.VIEW_FIGURES)
@require_safe
def cost(request: TeamRequest) -> HttpResponseBase:
    """The page, or its figures: `format=json`, or `format=csv` with `table=` one of `TABLES`."""
    scope = open_costs(request)
    asked = request.GET.get("format")
    shows_all = request.GET.get("all") == "1"
    count = None if shows_all else cost_rows.SHOWN
    page = load(scope.cut, scope.period, scope.now, choose=lambda rows: cost_rows.drawn(scope, rows, count))
    if asked == "json":
        return JsonResponse(summary_document(page))
    if asked == "csv":
        return as_csv(scope, page, request.GET.get("table", ""))
    may_alert = request.membership.allows(Permission.MANAGE_ALERTS)
    return TemplateResponse(request, "cost/cost.html", context(scope, page, may_alert=may_alert, shows_all=shows_all))


def context(scope: CostScope, page: CostPage, *, may_alert: bool, shows_all: bool) -> dict[str, Any]:
    """What the template shows."""
    common = {
        **frame(scope),
        "budgets_href": reverse("budgets", args=[scope.team.slug]),
        "as_of": page.as_of,
        "empty": _empty(scope, page),
        "choices": _choices(scope, page),
    }
    if common["empty"]:
        return common
    providers = cost_rows.provider_lines(scope, page)
    count, shown = len(page.workflows), None if shows_all else cost_rows.SHOWN
    budget, budget_legend = cost_charts.budget_chart(page)
    return {
        **common,
        "verdict": cost_verdict.panel(scope, page, may_alert=may_alert),
        "kpis": cost_parts.kpis(page),
        "stack": cost_charts.stack(scope, page, providers, _marks(scope, page)),
        "budget_title": _budget_title(page),
        "budget_charts": budget,
        "budget_legend": budget_legend,
        "rows": cost_rows.workflow_lines(scope, page, shown),
        "rows_left": 0 if shows_all else max(count - cost_rows.SHOWN, 0),
        "all_label": f"Show all {wording.count(count)} workflows",
        "all_href": scope.query(all="1") + "#workflows",
        "sort": scope.sort,
        "providers": providers,
        **_models(scope, page, shows_all=shows_all),
        "effects": cost_parts.effect_lines(page),
        "effects_sub": _effects_sub(page),
        "odd": cost_parts.odd_lines(scope, page),
        "odd_is_kept": not page.course.is_monthly,
        "notes": cost_parts.notes(scope, page),
        "buckets_words": "12 months" if page.course.is_monthly else f"{wording.count(page.period.days.count)} days",
        "so_far": so_far_words(page.period),
        "lines_href": scope.href("cost_lines"),
        "budget_sub": page.kept_budget.name if page.kept_budget else "",
        **{f"{table}_csv": scope.query(format="csv", table=table) for table in TABLES},
    }


def _models(scope: CostScope, page: CostPage, *, shows_all: bool) -> dict[str, Any]:
    """The dearest models, and the way to the others."""
    models = cost_rows.model_lines(scope, page)
    is_cut = len(models) > cost_rows.SHOWN_MODELS and not shows_all
    return {
        "models": models[: cost_rows.SHOWN_MODELS] if is_cut else models,
        "models_label": f"Show all {wording.count(len(models))} models" if is_cut else "",
        "models_href": scope.query(all="1") + "#models",
    }


def _effects_sub(page: CostPage) -> str:
    if page.change_usd is None:
        return f"{compared_words(page.period)} cannot be compared with"
    return f"{signed_money(page.change_usd)} on {compared_words(page.period)}, exact"


def _budget_title(page: CostPage) -> str:
    if page.budget is None:
        return f"{page.period.kind.capitalize()} to date{' and forecast' if page.forecast else ''}"
    return f"{page.period.kind.capitalize()} against budget"


def _marks(scope: CostScope, page: CostPage) -> list[ReleaseMark]:
    """Releases of the one workflow that is shown."""
    wanted = scope.cut.workflows.wanted
    if len(wanted) != 1:
        return []
    start, end = cost_charts.start_of(page.period.start), cost_charts.start_of(page.period.days.end)
    return release_marks(scope.team.id, Window(start, end), workflow_id=wanted[0])


def _choices(scope: CostScope, page: CostPage) -> list[FilterChoice]:
    """The filters that can be added: names that occur, and the others typed."""
    cells = page.course.now
    told: dict[str, list[tuple[str, str]]] = {
        "workflow": [(row.slug, row.name) for row in page.workflows if row.slug],
        "provider": _names(page, {cell.provider_id for cell in cells}),
        "model": _names(page, {cell.model_id for cell in cells}),
        "kind": [(kind.name.lower(), str(kind.label)) for kind in CostKind],
    }
    shown = [(name, title) for name, title in TITLES.items() if told.get(name, True)]
    return [FilterChoice(PARAMS.get(name, name), title, told.get(name, ())) for name, title in shown]


def _names(page: CostPage, ids: set[int]) -> list[tuple[str, str]]:
    texts = sorted(page.labels[number] for number in ids if page.labels.get(number))
    return [(one, one) for one in texts]


def _empty(scope: CostScope, page: CostPage) -> dict[str, str] | None:
    """Why there is nothing, and the way on; None when there is something."""
    if not page.is_idle or page.before != page.now:
        return None
    if any(scope.told.values()):
        clear = scope.query(**NO_FILTERS)
        return {"kind": "filters", "title": "No costs match these filters", "href": clear, "label": "Clear filters"}
    if page.course.earlier:
        last = max(page.course.earlier)
        href = scope.query(at=f"{last:%Y-%m}", period="month")
        return {
            "kind": "filters",
            "title": f"No costs in {page.period.name}",
            "href": href,
            "label": f"Show {formats.month_of_year(last)}",
        }
    is_new = is_empty(scope.team.id)
    return {
        "kind": "new",
        "title": f"No costs in {page.period.name}",
        "text": "Costs are made from the tokens, calls and amounts that steps report. Nothing was reported yet.",
        "href": reverse("start" if is_new else "sources", args=[scope.team.slug]),
        "label": "Send the first execution" if is_new else "See the sources",
    }
