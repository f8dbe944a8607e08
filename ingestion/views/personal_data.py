"""Personal data of somebody: searched for with a preview, exported, deleted after a confirmation, all with progress."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.audit import record
from accounts.permissions import Permission
from ingestion.models import DataAction, DataState, PersonalDataJob
from ingestion.services import personal_data_jobs as service
from ingestion.services.personal_data_runs import samples_of
from monitoring.templatetags.components import Sign
from monitoring.views.csv import csv_response

HEAD = (
    *("asked_at", "asked_by", "what", "value", "tag", "state", "executions", "held", "deliveries", "loose_lines"),
    *("finished_at", "id"),
)
SIGNS = {
    DataState.WAITING: Sign("clock", gettext_noop("Waiting"), "run"),
    DataState.RUNNING: Sign("running", gettext_noop("At work"), "run"),
    DataState.DONE: Sign("ok", gettext_noop("Done"), "ok"),
    DataState.FAILED: Sign("fail", gettext_noop("Failed"), "fail"),
}


@team_page(Permission.MANAGE_PRIVACY)
@require_http_methods(["GET", "HEAD", "POST"])
def personal_data(request: TeamRequest) -> HttpResponseBase:
    """The form with the jobs of the last days (`part=state`, `format=csv`: those alone); a POST asks for a search."""
    if request.method != "POST":
        jobs = service.listed(request.team.id)
        if request.GET.get("format") == "csv":
            return csv_response(f"{request.team.slug}-personal-data.csv", HEAD, [_cells(one) for one in jobs])
        return _list(request, {})
    value, tag = (request.POST.get(name, "") for name in ("value", "tag"))
    try:
        job = service.ask_search(request.team.id, value=value, tag=tag, now=timezone.now())
    except service.DataRefused as refused:
        return _list(request, refused.reasons)
    return _to(request, job)


@team_page(Permission.MANAGE_PRIVACY)
@require_safe
def personal_data_job(request: TeamRequest, job: UUID) -> HttpResponseBase:
    """A search with what it found and what can be done with it; with `part=state` its progress alone."""
    return _page(request, _find(request, job))


@team_page(Permission.MANAGE_PRIVACY)
@require_POST
def export_personal_data(request: TeamRequest, job: UUID) -> HttpResponseBase:
    """Asks for an export of what a search found."""
    search = _find(request, job)
    try:
        service.ask_export(search, timezone.now())
    except service.DataRefused as refused:
        return _page(request, search, refused.reasons)
    return _to(request, search)


@team_page(Permission.MANAGE_PRIVACY)
@require_POST
def delete_personal_data(request: TeamRequest, job: UUID) -> HttpResponseBase:
    """Asks for the deletion of what a search found, once its number was typed."""
    search, told = _find(request, job), request.POST.get("confirm", "").strip()
    number = int(told) if told.isdecimal() and len(told) < 16 else None
    try:
        service.ask_deletion(search, number, timezone.now())
    except service.DataRefused as refused:
        return _page(request, search, refused.reasons)
    return _to(request, search)


@team_page(Permission.MANAGE_PRIVACY)
@require_POST
def remove_personal_data_job(request: TeamRequest, job: UUID) -> HttpResponseBase:
    """Removes a job with its file; one that is at work stops."""
    service.remove(_find(request, job))
    messages.success(request, _("Removed. One that was at work stops; what it deleted stays deleted."))
    return HttpResponseRedirect(reverse("personal_data", args=[request.team.slug]))


@team_page(Permission.MANAGE_PRIVACY)
@require_safe
def personal_data_file(request: TeamRequest, job: UUID) -> HttpResponseBase:
    """The ZIP of an export."""
    one = _find(request, job)
    path = service.path_of(one)
    if path is None:
        raise Http404("No such file.")
    record("export.downloaded", ("personal data", one.id, one.shown))
    return FileResponse(path.open("rb"), as_attachment=True, filename=f"personal-data-{one.asked_at:%Y-%m-%d}.zip")


def _find(request: TeamRequest, job: UUID) -> PersonalDataJob:
    found = service.find(request.team.id, job)
    if found is None:
        raise Http404("No such job.")
    return found


def _to(request: TeamRequest, job: PersonalDataJob) -> HttpResponseBase:
    return HttpResponseRedirect(reverse("personal_data_job", args=[request.team.slug, job.id]))


def _list(request: TeamRequest, reasons: dict[str, str]) -> HttpResponseBase:
    jobs = service.listed(request.team.id)
    context = {
        "jobs": _signed(jobs),
        "is_at_work": not all(one.is_over for one in jobs),
        "reasons": reasons,
        "told_tag": request.POST.get("tag", ""),
    }
    part = request.method != "POST" and request.GET.get("part") == "state"
    template = "settings/_personal_data_list.html" if part else "settings/personal_data.html"
    return TemplateResponse(request, template, context, status=422 if reasons else 200)


def _page(request: TeamRequest, job: PersonalDataJob, reasons: dict[str, str] | None = None) -> HttpResponseBase:
    if job.search_id and (search := service.find(request.team.id, job.search_id)):
        return _to(request, search)
    jobs = [job, *service.followed_by(job)]
    context = {
        "job": job,
        "jobs": _signed(jobs),
        "is_at_work": not all(one.is_over for one in jobs),
        "samples": samples_of(job) if job.is_over else (),
        "may_act": job.action == DataAction.SEARCH and job.state == DataState.DONE,
        "found": job.executions + job.deliveries + job.lines,
        "reasons": reasons,
    }
    part = request.method != "POST" and request.GET.get("part") == "state"
    template = "settings/_personal_data_state.html" if part else "settings/personal_data_job.html"
    response = TemplateResponse(request, template, context, status=422 if reasons else 200)
    if part and not context["is_at_work"]:
        # What can be done with the result stands elsewhere on the page.
        response["HX-Refresh"] = "true"
    return response


def _signed(jobs: Sequence[PersonalDataJob]) -> list[tuple[PersonalDataJob, Sign, str, float]]:
    """Jobs with their sign, what they are, and how much of them is done as a share of 1."""
    return [
        (
            one,
            SIGNS[DataState(one.state)],
            str(DataAction(one.action).label),
            1.0 if one.state == DataState.DONE else one.days_done / one.days_total if one.days_total else 0.0,
        )
        for one in jobs
    ]


def _cells(one: PersonalDataJob) -> tuple[object, ...]:
    counts = one.executions, one.held, one.deliveries, one.lines
    ended = one.finished_at.isoformat() if one.finished_at else None
    about = one.asked_at.isoformat(), one.actor_name, one.action, one.shown, one.tag, one.state
    return *about, *counts, ended, one.id
