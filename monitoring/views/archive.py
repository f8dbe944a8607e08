"""Settings, retention: where a team's archive is, and bringing back what is in it."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_page
from accounts.audit import record
from accounts.encryption import encrypt
from accounts.models import RetentionPolicy, User
from accounts.permissions import Permission
from accounts.services.retention import PolicyRefused, save_policy
from monitoring.models.execution import DATED, RetentionClass
from monitoring.services.restoring import MAX_DAYS
from monitoring.store.archive import fault
from monitoring.tasks import restore_archived


@dataclass(frozen=True, slots=True)
class ArchiveWords:
    """The archive as the page tells of it. `place` is empty where nothing is archived."""

    place: str
    is_own: bool
    has_secret: bool
    most_days: int = MAX_DAYS


def archive_words(policy: RetentionPolicy) -> ArchiveWords:
    """Where a team's archive is; the installation's is told by its kind only."""
    if policy.archive_url:
        return ArchiveWords(policy.archive_url, is_own=True, has_secret=bool(policy.archive_secret))
    common = _("the archive of this installation") if settings.STEADYRUN_ARCHIVE["url"] else ""
    return ArchiveWords(common, is_own=False, has_secret=False)


@team_page(Permission.MANAGE_RETENTION)
@require_POST
def set_archive(request: TeamRequest) -> HttpResponseBase:
    """Sets where a team's archive is; an empty address takes it away. A secret that is left empty stays."""
    told = {name: request.POST.get(name, "").replace("\x00", "").strip()[:500] for name in ("url", "endpoint", "key")}
    secret = request.POST.get("secret", "")[:500]
    if told["url"] and (reason := fault(told["url"], told["endpoint"], is_team=True)):
        messages.error(request, _("Not saved. The address of the archive: {reason}").format(reason=reason))
        return _back(request)
    values = {f"archive_{name}": text for name, text in told.items()}
    values["archive_key"] = values["archive_key"][:200]
    kept = {"archive_secret": encrypt(secret)} if secret else ({} if told["url"] else {"archive_secret": None})
    try:
        save_policy(team_id=request.team.id, values={**values, **kept}, now=timezone.now())
        messages.success(request, _("Saved. From now on records are archived before they are deleted."))
    except PolicyRefused as refused:
        messages.error(request, _("Not saved: {why}.").format(why=refused))
    return _back(request)


@team_page(Permission.MANAGE_RETENTION)
@require_POST
def restore_day(request: TeamRequest) -> HttpResponseBase:
    """Asks for a day, or one execution of it, to be brought back for some days."""
    user, told = request.user, request.POST
    assert isinstance(user, User)
    try:
        day = date.fromisoformat(told.get("day", ""))
        execution = str(UUID(told["execution"].strip())) if told.get("execution", "").strip() else ""
        class_, days = RetentionClass(int(told.get("class", "0"))), int(told.get("days", "7"))
    except ValueError:
        messages.error(request, _("Not asked for: tell a day as 2026-11-02 and, if one execution only, its id."))
        return _back(request)
    if class_ not in DATED or not 1 <= days <= MAX_DAYS:
        told_days = _("Not asked for: what is restored is kept for 1 to {days} days.").format(days=MAX_DAYS)
        messages.error(request, told_days)
        return _back(request)
    target = ("archive", day.isoformat(), day.isoformat())
    asked = {"execution": execution, "days": days, "class": class_.name.capitalize()}
    record("archive.restore_asked", target, after=asked)
    arguments = (str(request.team.id), int(class_), day.isoformat(), execution, days, user.email)
    transaction.on_commit(lambda: restore_archived.delay(*arguments))
    messages.success(
        request,
        _("Asked for. What the archive has comes back in minutes, marked as held; the list below says so."),
    )
    return _back(request)


def _back(request: TeamRequest) -> HttpResponseBase:
    return HttpResponseRedirect(reverse("retention", args=[request.team.slug]))
