"""Usage files by the page: choose a file, see what it would bring, import it."""

from pathlib import Path
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from accounts import formats
from accounts.access import TeamRequest, team_page
from accounts.csv_file import NOT_CSV, is_named_csv
from accounts.permissions import Permission
from ingestion.acceptance import ReportsRefused, StorageUnavailable
from ingestion.history import uploads
from ingestion.history.usage_file import UnreadableFile, UsageFile, heads
from ingestion.history.usage_mapping import TAG, TARGETS, BadMapping, guess, read_mapping

SAMPLES = 8
# Beside the file: the form's other fields.
_ROOM = 64 * 1024
_TEMPLATE = "cost/import/import.html"


@csrf_exempt
@team_page(Permission.MANAGE_COSTS)
@require_http_methods(["GET", "HEAD", "POST"])
def import_usage(request: TeamRequest) -> HttpResponseBase:
    """The form, a preview, or the import. What is too large is refused before it is read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > uploads.MAX_BYTES + _ROOM:
        response = _page(request, errors=[_too_large(int(length) if length.isdigit() else 0)], status=413)
        response["Connection"] = "close"
        return response
    return _answer(request)


@csrf_protect
def _answer(request: HttpRequest) -> HttpResponseBase:
    """Checks the form's token, which reads the body, only once its size is known."""
    found = cast(TeamRequest, request)
    return _posted(found) if found.method == "POST" else _page(found)


def _too_large(length: int) -> str:
    told = _("The file has about {size} bytes; the page takes {most}. Use manage.py import_usage.")
    return told.format(size=formats.count(length), most=formats.count(uploads.MAX_BYTES))


def _posted(request: TeamRequest) -> HttpResponseBase:
    sent, name = request.FILES.get("file"), request.POST.get("kept", "")
    mapping = request.POST.get("mapping", "")
    if sent is not None:
        if (sent.size or 0) > uploads.MAX_BYTES:
            return _page(request, errors=[_too_large(sent.size or 0)], status=413)
        if not is_named_csv(sent.name or ""):
            return _page(request, errors=[f"{_(NOT_CSV).capitalize()}."], mapping=mapping)
        name = uploads.keep(request.team.id, sent.chunks())
    path = uploads.find(request.team.id, name)
    if path is None:
        return _page(request, errors=[_("Choose a file. What was uploaded is kept for a day.")], mapping=mapping)
    try:
        texts = [line for line in mapping.splitlines() if line.strip()] or guess(heads(path))
        return _read(request, path, texts)
    except (UnreadableFile, BadMapping) as error:
        shown = mapping or "\n".join(_guessed(path))
        return _page(request, errors=[str(error)], mapping=shown, kept=name)


def _guessed(path: Path) -> list[str]:
    try:
        return guess(heads(path))
    except UnreadableFile:
        return []


def _read(request: TeamRequest, path: Path, texts: list[str]) -> HttpResponseBase:
    """A preview, or with `do=import` the import of a file without bad rows. Raises as `UsageFile` does."""
    file = UsageFile(request.team.id, path, read_mapping(texts), now=timezone.now(), limit=uploads.MAX_BYTES)
    found = file.check(samples=SAMPLES)
    kept, mapping = path.name, "\n".join(texts)
    if found.bad_count or request.POST.get("do") != "import":
        return _page(request, found=found, mapping=mapping, kept=kept, status=422 if found.bad_count else 200)
    try:
        done = file.store()
    except (StorageUnavailable, ReportsRefused) as error:
        told = _("{reason}. Try again: what is there already is not doubled.").format(reason=_(str(error)))
        return _page(request, errors=[told], mapping=mapping)
    path.unlink(missing_ok=True)
    messages.success(request, _imported(done.stored, done.duplicate))
    return HttpResponseRedirect(reverse("import_usage", args=[request.team.slug]))


def _imported(stored: int, duplicate: int) -> str:
    if not duplicate:
        return _("{count} rows were imported. Costs follow within a minute.").format(count=formats.count(stored))
    told = _("{count} rows were imported, {known} were known already. Costs follow within a minute.")
    return told.format(count=formats.count(stored), known=formats.count(duplicate))


def _page(request: TeamRequest, *, status: int = 0, **told: Any) -> TemplateResponse:
    known = ", ".join((*TARGETS, f"{TAG}NAME"))
    context = {"errors": (), "found": None, "mapping": "", "kept": "", "known": known, **told}
    context["most"] = uploads.MAX_BYTES
    return TemplateResponse(request, _TEMPLATE, context, status=status or (422 if told.get("errors") else 200))
