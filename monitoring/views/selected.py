"""What is done with several executions at once: looked at, compared, exported, classified, held."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect, JsonResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.access import TeamRequest, team_page
from accounts.audit import record
from accounts.permissions import Permission
from monitoring import wording
from monitoring.analysis.signals import DECIDABLE, Cause
from monitoring.reads.executions import ExecutionRow, rows_by_id
from monitoring.services.classification import ClassificationRefused, decide_many
from monitoring.store.holds import HoldRefused, hold_many
from monitoring.views.classify import CAUSE_TEXTS
from monitoring.views.csv import csv_response
from monitoring.views.execution_table import FULL_HEADER, as_json, full_cells, with_errors

# As many as a page of the list shows.
MAX_SELECTED = 100
_PERMISSIONS = {"classify": Permission.MANAGE_WORKFLOWS, "hold": Permission.MANAGE_RETENTION}


@team_page(Permission.VIEW_FIGURES)
@require_http_methods(["GET", "HEAD", "POST"])
def selected_executions(request: TeamRequest) -> HttpResponseBase:
    """The chosen executions (`execution`, repeated) with what can be done, as a file with `format`; POST does it.

    `do` says which question is asked first: classify or hold; `compare` leads to the comparison of two.
    """
    ids = ids_of(request.POST if request.method == "POST" else request.GET)
    if request.method == "POST":
        return _do(request, ids)
    rows = with_errors(request.team.id, rows_by_id(request.team.id, ids))
    if request.GET.get("do") == "compare":
        return _compare(request, rows)
    form = request.GET.get("format", "")
    if form == "csv":
        return csv_response("executions-selected.csv", FULL_HEADER, [full_cells(row) for row in rows])
    if form == "json":
        record("export.downloaded", ("export", "executions-selected.json", "executions-selected.json"))
        return JsonResponse({"results": [as_json(row) for row in rows], "complete": True})
    return TemplateResponse(request, "executions/selected.html", _context(request, rows, len(ids) - len(rows)))


def ids_of(params: QueryDict) -> list[uuid.UUID]:
    """The ids that are told, each once; what is none is left out."""
    found: dict[uuid.UUID, None] = {}
    for text in params.getlist("execution")[: 2 * MAX_SELECTED]:
        try:
            found[uuid.UUID(text)] = None
        except ValueError:
            continue
    return list(found)[:MAX_SELECTED]


def _context(request: TeamRequest, rows: Sequence[ExecutionRow], unknown: int) -> dict[str, Any]:
    asked = request.GET.get("do", "")
    causes = [(cause, CAUSE_TEXTS[cause]) for cause in (*DECIDABLE, Cause.UNDECIDED)]
    return {
        "rows": rows,
        "count": len(rows),
        "unknown": unknown,
        "failed": sum(row.status.word in ("failed", "timed_out") or bool(row.is_unmet) for row in rows),
        "held": sum(row.is_held for row in rows),
        "asked": asked if asked in _PERMISSIONS and _may(request, asked) else "",
        "may_classify": _may(request, "classify"),
        "may_hold": _may(request, "hold"),
        "causes": causes,
        "query": _query([row.id for row in rows]),
        "back": request.GET.get("back", ""),
    }


def _may(request: TeamRequest, action: str) -> bool:
    return request.membership.allows(_PERMISSIONS[action])


def _query(ids: Sequence[uuid.UUID]) -> str:
    return "?" + urlencode([("execution", str(id)) for id in ids])


def _page(request: TeamRequest, ids: Sequence[uuid.UUID]) -> str:
    return reverse("selected_executions", args=[request.team.slug]) + _query(ids)


def _compare(request: TeamRequest, rows: Sequence[ExecutionRow]) -> HttpResponseBase:
    if len(rows) == 2:
        a, b = sorted(rows, key=lambda row: (row.counted_at, row.id))
        return HttpResponseRedirect(reverse("compare_executions", args=[request.team.slug, b.id, a.id]))
    messages.error(
        request, _("Choose two executions to compare; {count} are chosen.").format(count=wording.count(len(rows)))
    )
    return HttpResponseRedirect(_page(request, [row.id for row in rows]))


def _do(request: TeamRequest, ids: Sequence[uuid.UUID]) -> HttpResponseBase:
    """Does what is asked, once for all of them, and leads back to them. Raises `Http404` for what is not allowed."""
    action = request.POST.get("do", "")
    if action not in _PERMISSIONS or not _may(request, action):
        raise Http404("No such action.")
    acts: dict[str, Callable[[TeamRequest, Sequence[uuid.UUID]], str]] = {"classify": _classify, "hold": _hold}
    try:
        if not ids:
            raise HoldRefused(_("No execution is chosen."))
        messages.success(request, acts[action](request, ids))
    except (HoldRefused, ClassificationRefused) as refused:
        messages.error(request, _("Not done. {reason}").format(reason=_sentence(refused)))
    return HttpResponseRedirect(_page(request, ids))


def _sentence(refused: HoldRefused | ClassificationRefused) -> str:
    if isinstance(refused, ClassificationRefused):
        told = {"cause": _("The cause {reason}"), "note": _("The note {reason}")}
        return "; ".join(told[name].format(reason=reason) for name, reason in refused.reasons.items()) + "."
    return str(refused)


def _classify(request: TeamRequest, ids: Sequence[uuid.UUID]) -> str:
    cause, note = request.POST.get("cause", ""), request.POST.get("note", "").strip()
    decided, known = decide_many(
        team_id=request.team.id, execution_ids=ids, cause=cause, note=note, by=request.user, now=timezone.now()
    )
    left = len(ids) - decided - known
    words = ngettext("Decided about {count} execution: {cause}.", "Decided about {count} executions: {cause}.", decided)
    said = [words.format(count=wording.count(decided), cause=_(cause))]
    if known:
        words = ngettext(
            "{count} execution had this decision already.", "{count} executions had this decision already.", known
        )
        said.append(words.format(count=wording.count(known)))
    if left:
        words = ngettext(
            "{count} execution did not fail and need no cause.",
            "{count} executions did not fail and need no cause.",
            left,
        )
        said.append(words.format(count=wording.count(left)))
    return " ".join(said)


def _hold(request: TeamRequest, ids: Sequence[uuid.UUID]) -> str:
    held, known = hold_many(
        request.team.id, ids, reason=request.POST.get("reason", ""), by=request.user.email, now=timezone.now()
    )
    words = ngettext(
        "Held {count} execution: retention leaves them alone.",
        "Held {count} executions: retention leaves them alone.",
        held,
    )
    said = words.format(count=wording.count(held))
    if not known:
        return said
    words = ngettext("{count} execution were held already.", "{count} executions were held already.", known)
    return f"{said} {words.format(count=wording.count(known))}"
