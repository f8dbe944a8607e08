"""What a team masks and captures: detectors, own rules, capture by workflow and environment; a trial before saving."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods

from accounts.access import TeamRequest, team_page
from accounts.audit import record
from accounts.permissions import Permission
from ingestion.capture import Capture
from ingestion.detectors import KINDS, Detector
from ingestion.models import CapturePolicy
from ingestion.redaction import Rule
from ingestion.rules import Becomes, RuleKind
from ingestion.services import privacy as service
from monitoring.views.csv import csv_response

BECOMES = {
    Becomes.LABEL: gettext_noop("a label, [email]"),
    Becomes.HASH: gettext_noop("a label with a hash"),
    Becomes.REMOVED: gettext_noop("nothing"),
}
CAPTURES = {
    Capture.FULL: gettext_noop("everything"),
    Capture.METADATA: gettext_noop("figures, tags, messages and logs; no input, output, attributes"),
    Capture.OFF: gettext_noop("figures only"),
}
HEAD = ("kind", "what", "is_on", "becomes", "label")


@team_page(Permission.MANAGE_PRIVACY)
@require_http_methods(["GET", "HEAD", "POST"])
def privacy(request: TeamRequest) -> HttpResponseBase:
    """The page, or with `format=csv` its rules; a POST changes one thing, or tries it (`action`)."""
    if request.method != "POST":
        if request.GET.get("format") == "csv":
            return csv_response(f"{request.team.slug}-masking.csv", HEAD, _rows())
        return _page(request)
    act = _ACTIONS.get(request.POST.get("action", ""))
    if act is None:
        raise Http404("No such action.")
    try:
        return act(request)
    except service.PrivacyRefused as refused:
        return _page(request, status=422, reasons=refused.reasons)


def _page(request: TeamRequest, *, status: int = 200, **more: Any) -> HttpResponseBase:
    context = {
        "detectors": [
            (KINDS[Detector(rule.what)].spoken(), rule, _choices(BECOMES, _told_becomes(request, rule)))
            for rule in _shown_detectors(request)
        ],
        "rules": [(row, _(BECOMES[Becomes(row.becomes)])) for row in service.rules_of()],
        "becomes": _choices(BECOMES, request.POST.get("becomes", "")),
        "policies": [
            (row, _(CAPTURES[Capture(row.capture)]))
            for row in CapturePolicy.objects.order_by("workflow", "environment")
        ],
        "captures": _choices(CAPTURES, request.POST.get("capture", "")),
        "told": request.POST,
        "tried": service.TRIED,
        **more,
    }
    return TemplateResponse(request, "settings/privacy.html", context, status=status)


def _choices(words: dict[Any, str], chosen: str) -> list[tuple[str, str, bool]]:
    return [(str(value), _(text), str(value) == chosen) for value, text in words.items()]


def _told_becomes(request: TeamRequest, rule: Rule) -> str:
    return request.POST.get(f"becomes-{rule.what}") or str(rule.becomes)


def _shown_detectors(request: TeamRequest) -> list[Rule]:
    """The detectors as they are, or as the form that is being tried has them."""
    kept = service.detectors_of()
    if request.POST.get("action") != "try_detectors":
        return kept
    chosen = _chosen(request)
    return [Rule(one.kind, one.what, *chosen[Detector(one.what)], one.label) for one in kept]


def _chosen(request: TeamRequest) -> dict[Detector, tuple[bool, Becomes]]:
    told = request.POST
    try:
        return {one: (f"on-{one}" in told, Becomes(told.get(f"becomes-{one}", "label"))) for one in Detector}
    except ValueError:
        raise service.PrivacyRefused({"becomes": _("must be label, hash or removed")}) from None


def _rows() -> list[tuple[Any, ...]]:
    own = [Rule(RuleKind(r.kind), r.what, r.is_on, Becomes(r.becomes), r.label) for r in service.rules_of()]
    return [(one.kind, one.what, one.is_on, one.becomes, one.label) for one in [*service.detectors_of(), *own]]


def _done(request: TeamRequest, words: str) -> HttpResponseBase:
    messages.success(request, words)
    return HttpResponseRedirect(reverse("privacy", args=[request.team.slug]))


def _save_detectors(request: TeamRequest) -> HttpResponseBase:
    service.set_detectors(_chosen(request))
    return _done(request, _("Detectors saved. They count for what is reported from now on."))


def _try_detectors(request: TeamRequest) -> HttpResponseBase:
    return _tried(request, _shown_detectors(request), gettext_noop("These detectors"))


def _told_rule(request: TeamRequest) -> Rule:
    kind, what, label, becomes = (request.POST.get(name, "") for name in ("kind", "what", "label", "becomes"))
    return service.read_rule(kind, what, label, becomes)


def _add_rule(request: TeamRequest) -> HttpResponseBase:
    service.add_rule(_told_rule(request))
    return _done(request, _("Rule added. It counts for what is reported from now on."))


def _try_rule(request: TeamRequest) -> HttpResponseBase:
    return _tried(request, [_told_rule(request)], gettext_noop("This rule"))


def _tried(request: TeamRequest, rules: list[Rule], words: str) -> HttpResponseBase:
    """The page with what the rules would change; the log says that payloads were looked through."""
    trial = service.try_rules(request.team.id, rules)
    record("masking.tried", ("masking", "", words), after={"rules": [rule.what for rule in rules if rule.is_on]})
    return _page(request, trial=trial, tried_what=_(words))


def _id(request: TeamRequest) -> UUID:
    try:
        return UUID(request.POST.get("id", ""))
    except ValueError:
        raise Http404("No such rule.") from None


def _remove_rule(request: TeamRequest) -> HttpResponseBase:
    if not service.remove_rule(_id(request)):
        raise Http404("No such rule.")
    return _done(request, _("Rule removed."))


def _set_policy(request: TeamRequest) -> HttpResponseBase:
    workflow, environment, capture = (request.POST.get(name, "") for name in ("workflow", "environment", "capture"))
    service.set_policy(workflow, environment, capture, timezone.now())
    return _done(request, _("Rule of capture saved. It counts for what is reported from now on."))


def _remove_policy(request: TeamRequest) -> HttpResponseBase:
    if not service.remove_policy(_id(request)):
        raise Http404("No such rule.")
    return _done(request, _("Rule of capture removed."))


_ACTIONS: dict[str, Callable[[TeamRequest], HttpResponseBase]] = {
    "save_detectors": _save_detectors,
    "try_detectors": _try_detectors,
    "add_rule": _add_rule,
    "try_rule": _try_rule,
    "remove_rule": _remove_rule,
    "set_policy": _set_policy,
    "remove_policy": _remove_policy,
}
