"""Exports of costs: what one would hold, making it, the ones that are there, and their files."""

import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.audit import record
from accounts.permissions import Permission
from billing.exports.files import MEDIA_TYPES, Format, Table, file_name, format_words, table_words, write
from billing.models import ExportJob
from billing.reads import export_jobs as reads
from billing.reads.cost_lines import expect
from billing.services import export_jobs
from billing.views.cost_mail import mail_of
from billing.views.export_form import Asked, choices, read_asked
from monitoring.views.csv import csv_response

HEAD = (
    *("created_at", "table", "format", "from", "to", "state", "lines_done", "lines_total", "rows", "size_bytes"),
    *("sha256", "left_out_lines", "expires_at", "id"),
)


@team_page(Permission.VIEW_FIGURES)
@require_safe
def exports(request: TeamRequest) -> HttpResponseBase:
    """What an export would hold, and the list; `list=csv` is the list as CSV, `part=jobs` the list alone."""
    team_id = request.team.id
    jobs = reads.listed(team_id)
    if request.GET.get("list") == "csv":
        return csv_response("cost-exports.csv", HEAD, [_cells(job) for job in jobs])
    rows = [(job, table_words(Table(job.table)), format_words(Format(job.format))) for job in jobs]
    shared = {"jobs": rows, "is_at_work": reads.are_at_work(team_id)}
    if request.GET.get("part") == "jobs":
        return TemplateResponse(request, "cost/exports/_jobs.html", shared)
    asked = read_asked(request.GET, timezone.now())
    expected = expect(team_id, asked.chosen)
    context = {
        **shared,
        **choices(),
        "asked": asked,
        "pairs": asked.pairs(),
        "told": _told(asked),
        "expected": expected,
        "is_direct": export_jobs.is_direct(asked.table, asked.format, expected.lines),
        "mail": mail_of(request),
        "may_manage": request.membership.allows(Permission.MANAGE_COSTS),
    }
    return TemplateResponse(request, "cost/exports/exports.html", context, status=422 if asked.errors else 200)


@team_page(Permission.VIEW_FIGURES)
@require_POST
def make_export(request: TeamRequest) -> HttpResponseBase:
    """A short export is answered at once; a long one is written in the background."""
    asked, team_id, now = read_asked(request.POST, timezone.now()), request.team.id, timezone.now()
    address = reverse("cost_exports", args=[request.team.slug])
    if asked.errors:
        return HttpResponseRedirect(f"{address}?{urlencode([*request.POST.items()])}")
    if export_jobs.is_direct(asked.table, asked.format, expect(team_id, asked.chosen).lines):
        export_jobs.record_direct(team_id, asked.table, asked.format, asked.chosen, by=request.user, now=now)
        return _direct(request, asked)
    try:
        export_jobs.create(
            team_id,
            table=asked.table,
            format=asked.format,
            chosen=asked.chosen,
            now=now,
            user_id=request.user.id,
            by=request.user,
        )
        messages.success(request, _("The export is being written. It shows below once it is ready."))
    except export_jobs.TooManyExports as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(f"{address}?{urlencode(asked.pairs())}")


@team_page(Permission.VIEW_FIGURES)
@require_safe
def export_file(request: TeamRequest, job: UUID) -> HttpResponseBase:
    """The file of an export that is ready."""
    return file_response(_find(request, job))


@team_page(Permission.VIEW_FIGURES)
@require_POST
def remove_export(request: TeamRequest, job: UUID) -> HttpResponseBase:
    """Removes an export with its file: the own one, or with the permission to manage costs any."""
    found = _find(request, job)
    if found.created_by_id != request.user.id and not request.membership.allows(Permission.MANAGE_COSTS):
        raise Http404("No such export.")
    export_jobs.remove(request.team.id, found, by=request.user, now=timezone.now())
    messages.success(request, _("The export is removed."))
    return HttpResponseRedirect(reverse("cost_exports", args=[request.team.slug]))


def file_response(job: ExportJob) -> FileResponse:
    """A download of an export. Raises `Http404` where its file is not there (yet, or any more)."""
    path = export_jobs.path_of(job)
    if path is None:
        raise Http404("The file is not there: the export is not ready yet, or its days are over.")
    record("export.downloaded", ("export", job.id, job.file_name))
    media = MEDIA_TYPES[Format(job.format)]
    return FileResponse(path.open("rb"), as_attachment=True, filename=job.file_name, content_type=media)


def _direct(request: TeamRequest, asked: Asked) -> FileResponse:
    """The file itself, from a temporary one that is gone once it is sent."""
    name = file_name(asked.table, asked.format, asked.chosen)
    record("export.downloaded", ("export", name, name))
    with tempfile.TemporaryDirectory(prefix="steadyrun-export-") as folder:
        path = Path(folder) / "file"
        write(request.team, asked.table, asked.format, asked.chosen, path)
        # It stays readable while it is open.
        opened = path.open("rb")
    return FileResponse(opened, as_attachment=True, filename=name, content_type=MEDIA_TYPES[asked.format])


def _find(request: TeamRequest, job_id: UUID) -> ExportJob:
    job = reads.find(request.team.id, job_id)
    if job is None:
        raise Http404("No such export. They are kept for seven days.")
    return job


def _told(asked: Asked) -> dict[str, Any]:
    """The texts of the form's fields: several names of one kind are not told there, but kept."""
    chosen = asked.chosen
    several = {"workflow": chosen.workflows, "provider": chosen.providers, "model": chosen.models}
    several |= {"env": chosen.environments, "tag": chosen.tags, "entry": chosen.entries, "kind": chosen.kinds}
    return {name: values[0] if values else "" for name, values in several.items()}


def _cells(job: ExportJob) -> tuple[Any, ...]:
    times = [at.isoformat() for at in (job.created_at, job.expires_at)]
    days = [job.chosen.get(name) for name in ("first", "end")]
    return (
        *(times[0], job.table, job.format, *days, job.state, job.lines_done, job.lines_total, job.rows),
        *(job.size_bytes, job.digest, job.left_out_lines, times[1], job.id),
    )
