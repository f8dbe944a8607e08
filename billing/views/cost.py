"""The cost page of a team: what did it cost, where is it going, and where to start."""

from typing import Any

from django.http import HttpResponseBase, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from billing.analysis.periods import PeriodKind, month_words
from billing.models import CostKind
from billing.reads.choices import TITLES
from billing.reads.cost_document import summary_document
from billing.reads.cost_page import CostPage, load
from billing.views import cost_charts, cost_kpis, cost_parts, cost_rows, cost_verdict
from billing.views.cost_export import TABLES, as_csv
from billing.views.scope import NO_FILTERS, PARAMS, CostScope, frame, open_costs
from billing.views.words import compared_words, kind_words, signed_money, so_far_words
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
    if asked in ("json", "csv"):
        page = _load(scope, shows_all=shows_all)
        return JsonResponse(summary_document(page)) if asked == "json" else _csv(request, scope, page)
    page = _load(scope, shows_all=shows_all)
    may_alert = request.membership.allows(Permission.MANAGE_ALERTS)
    return TemplateResponse(request, "cost/cost.html", context(scope, page, may_alert=may_alert, shows_all=shows_all))


def _load(scope: CostScope, *, shows_all: bool) -> CostPage:
    count = None if shows_all else cost_rows.SHOWN
    return load(scope.cut, scope.period, scope.now, choose=lambda rows: cost_rows.drawn(scope, rows, count))


def _csv(request: TeamRequest, scope: CostScope, page: CostPage) -> HttpResponseBase:
    return as_csv(scope, page, request.GET.get("table", ""))


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
        "kpis": cost_kpis.kpis(page),
        "stack": cost_charts.stack(scope, page, providers, _marks(scope, page)),
        "budget_title": _budget_title(page),
        "budget_charts": budget,
        "budget_legend": budget_legend,
        "rows": cost_rows.workflow_lines(scope, page, shown),
        "rows_left": 0 if shows_all else max(count - cost_rows.SHOWN, 0),
        "all_label": _("Show all {count} workflows").format(count=wording.count(count)),
        "all_href": scope.query(all="1") + "#workflows",
        "sort": scope.sort,
        "providers": providers,
        **_models(scope, page, shows_all=shows_all),
        "effects": cost_parts.effect_lines(page),
        "effects_sub": _effects_sub(page),
        "odd": cost_parts.odd_lines(scope, page),
        "odd_is_kept": not page.course.is_monthly,
        "notes": cost_parts.notes(scope, page),
        "buckets_words": _buckets_words(page),
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
        "models_label": _("Show all {count} models").format(count=wording.count(len(models))) if is_cut else "",
        "models_href": scope.query(all="1") + "#models",
    }


def _effects_sub(page: CostPage) -> str:
    if page.change_usd is None:
        return _("{period} cannot be compared with").format(period=compared_words(page.period))
    words = _("{change} on {period}, exact")
    return words.format(change=signed_money(page.change_usd), period=compared_words(page.period))


def _buckets_words(page: CostPage) -> str:
    if page.course.is_monthly:
        return _("12 months")
    return _("{count} days").format(count=wording.count(page.period.days.count))


def _budget_title(page: CostPage) -> str:
    match page.period.kind:
        case PeriodKind.MONTH:
            titles = _("Month against budget"), _("Month to date and forecast"), _("Month to date")
        case PeriodKind.QUARTER:
            titles = _("Quarter against budget"), _("Quarter to date and forecast"), _("Quarter to date")
        case PeriodKind.YEAR:
            titles = _("Year against budget"), _("Year to date and forecast"), _("Year to date")
    return titles[0 if page.budget else 1 if page.forecast else 2]


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
        "kind": [(kind.name.lower(), kind_words(kind)) for kind in CostKind],
    }
    shown = [(name, _(title)) for name, title in TITLES.items() if told.get(name, True)]
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
        return {
            "kind": "filters",
            "title": _("No costs match these filters"),
            "href": clear,
            "label": _("Clear filters"),
        }
    if page.course.earlier:
        last = max(page.course.earlier)
        href = scope.query(at=f"{last:%Y-%m}", period="month")
        return {
            "kind": "filters",
            "title": _("No costs in {period}").format(period=page.period.name),
            "href": href,
            "label": _("Show {month}").format(month=month_words(last)),
        }
    is_new = is_empty(scope.team.id)
    return {
        "kind": "new",
        "title": _("No costs in {period}").format(period=page.period.name),
        "text": _("Costs are made from the tokens, calls and amounts that steps report. Nothing was reported yet."),
        "href": reverse("start" if is_new else "sources", args=[scope.team.slug]),
        "label": _("Send the first execution") if is_new else _("See the sources"),
    }
