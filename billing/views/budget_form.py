"""Making, changing and removing a budget. The address of a new one may prefill any of `FIELDS`."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from billing.analysis.budget_course import ThresholdOn
from billing.models import Budget, BudgetScope, ExchangeRate
from billing.reads.budgets import find_budget
from billing.reads.reporting import USD
from billing.services.budgets import remove_budget, save_budget
from billing.services.refusals import Refused
from monitoring.identity import LabelKind
from monitoring.reads.environments import environments_of
from monitoring.reads.improvements import members
from monitoring.reads.labels import values_of
from monitoring.reads.workflows import find, names
from monitoring.services.owners import groups_of

FIELDS = (
    *("name", "scope", "workflow", "value", "environment", "amount", "currency", "actual", "forecast", "owner"),
    "is_active",
)
USER, GROUP = "user:", "group:"
MAX_TOLD = 1_000
_FIRST = {"scope": BudgetScope.TEAM.value, "currency": USD, "actual": "80, 100", "forecast": "100", "is_active": "on"}


@team_page(Permission.MANAGE_COSTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_budget(request: TeamRequest) -> HttpResponseBase:
    """A new budget."""
    if request.method == "POST":
        return _post(request, None)
    return _page(request, None, {**dict.fromkeys(FIELDS, ""), **_FIRST, **told_of(request.GET)})


@team_page(Permission.MANAGE_COSTS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_budget(request: TeamRequest, budget: UUID) -> HttpResponseBase:
    """The form to change one."""
    kept = find_budget(request.team.id, budget)
    if kept is None:
        raise Http404("No such budget.")
    if request.method == "POST":
        return _post(request, kept)
    return _page(request, kept, written(kept))


@team_page(Permission.MANAGE_COSTS)
@require_POST
def remove(request: TeamRequest, budget: UUID) -> HttpResponseBase:
    """Removes one."""
    try:
        gone = remove_budget(team_id=request.team.id, budget_id=budget, by=request.user, now=timezone.now())
    except Budget.DoesNotExist:
        raise Http404("No such budget.") from None
    messages.success(request, _("Removed the budget {name}.").format(name=gone.name))
    return HttpResponseRedirect(reverse("budgets", args=[request.team.slug]))


def told_of(query: QueryDict) -> dict[str, str]:
    """What a form or an address told, bounded."""
    return {name: str(query[name]).replace("\x00", "").strip()[:MAX_TOLD] for name in FIELDS if name in query}


def written(kept: Budget) -> dict[str, str]:
    """A kept budget as the texts of its form."""
    owner = f"{GROUP}{kept.owner_group_id}" if kept.owner_group_id else ""
    percents = {on: [one["percent"] for one in kept.thresholds if one["on"] == on] for on in ThresholdOn}
    return {
        **{name: getattr(kept, name) for name in ("name", "scope", "value", "environment", "currency")},
        "workflow": kept.workflow.slug if kept.workflow_id else "",
        "amount": f"{kept.amount:f}",
        **{on.value: ", ".join(str(one) for one in sorted(some)) for on, some in percents.items()},
        "owner": owner or (f"{USER}{kept.owner_id}" if kept.owner_id else ""),
        "is_active": "on" if kept.is_active else "",
    }


def read(team_id: UUID, told: Mapping[str, str]) -> dict[str, Any]:
    """The fields as `services.budgets` takes them. Raises `Refused` for what cannot be read."""
    fields: dict[str, Any] = {
        **{name: told.get(name, "") for name in ("name", "scope", "value", "environment", "amount")},
        "currency": told.get("currency") or USD,
        "is_active": bool(told.get("is_active")),
        "thresholds": [one for on in ThresholdOn for one in _percents(on, told.get(on.value, ""))],
        "workflow_id": None,
        "owner_id": None,
        "owner_group_id": None,
    }
    if fields["scope"] == BudgetScope.WORKFLOW.value and told.get("workflow"):
        workflow = find(team_id, told["workflow"])
        if workflow is None:
            raise Refused({"workflow": _("is not known")})
        fields["workflow_id"] = workflow.id
    return {**fields, **_owner(told.get("owner", ""))}


def _percents(on: ThresholdOn, text: str) -> list[dict[str, Any]]:
    parts = [part.strip().removesuffix("%").strip() for part in text.split(",")]
    try:
        return [{"on": on.value, "percent": int(part)} for part in parts if part]
    except ValueError:
        raise Refused({"thresholds": _("must be whole percents, as 50, 80, 100")}) from None


def _owner(text: str) -> dict[str, UUID]:
    for start, name in ((USER, "owner_id"), (GROUP, "owner_group_id")):
        if text.startswith(start):
            try:
                return {name: UUID(text.removeprefix(start))}
            except ValueError:
                raise Refused({"owner": _("must be a member or a group of the team")}) from None
    return {}


def _post(request: TeamRequest, kept: Budget | None) -> HttpResponseBase:
    told = told_of(request.POST)
    try:
        fields = read(request.team.id, told)
        made = save_budget(
            team_id=request.team.id,
            fields=fields,
            by=request.user,
            now=timezone.now(),
            budget_id=kept.id if kept else None,
        )
    except Refused as refused:
        return _page(request, kept, {**dict.fromkeys(FIELDS, ""), **told}, refused.reasons)
    except Budget.DoesNotExist:
        raise Http404("No such budget.") from None
    said = _("Saved.") if kept else _("Saved. Alert rules about budgets look at it from now on.")
    messages.success(request, said)
    return HttpResponseRedirect(reverse("budget", args=[request.team.slug, made.id]))


def _page(
    request: TeamRequest, kept: Budget | None, told: dict[str, str], reasons: dict[str, str] | None = None
) -> HttpResponseBase:
    team_id = request.team.id
    currencies = ExchangeRate.objects.filter(team_id=team_id).order_by("currency").values_list("currency", flat=True)
    context = {
        "kept": kept,
        "told": told,
        "reasons": reasons or {},
        "scopes": [(value, _(str(label))) for value, label in BudgetScope.choices],
        "workflows": names(team_id),
        "values": [*values_of(team_id, LabelKind.PROVIDER), *values_of(team_id, LabelKind.TAG)],
        "environments": environments_of(team_id),
        "currencies": list(dict.fromkeys([USD, *currencies.distinct()])),
        "owners": [
            *((f"{USER}{user.id}", user.email) for user in members(team_id)),
            *((f"{GROUP}{id}", name) for id, name in groups_of(team_id)),
        ],
        "cancel_href": reverse("budget", args=[request.team.slug, kept.id])
        if kept
        else reverse("budgets", args=[request.team.slug]),
    }
    return TemplateResponse(request, "budgets/form.html", context, status=422 if reasons else 200)
