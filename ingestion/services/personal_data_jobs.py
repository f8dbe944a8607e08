"""Jobs about personal data: asked for, confirmed, removed; their files, kept for some days. `personal_data_runs` works.

A search counts, and is the preview of what an export writes and a deletion removes.
"""

import secrets
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.acting import SYSTEM, current_scope
from accounts.audit import record
from accounts.encryption import decrypt, encrypt
from ingestion.models import DataAction, DataState, PersonalDataDue, PersonalDataJob
from ingestion.services.personal_data import MIN_LETTERS, shown_name

KEPT = timedelta(days=7)
MAX_AT_WORK = 3
MAX_VALUE = 500
MAX_TAG = 190
LISTED = 100


class DataRefused(Exception):
    """A job that cannot be made: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


@transaction.atomic
def ask_search(team_id: UUID, *, value: str, tag: str, now: datetime) -> PersonalDataJob:
    """Asks for a search. Inside the team's context. Raises `DataRefused`."""
    value, tag = value.strip(), tag.strip()
    reasons = {}
    if not MIN_LETTERS <= len(value) <= MAX_VALUE or "\0" in value:
        reasons["value"] = _("must have {fewest} to {most} letters, no NUL").format(fewest=MIN_LETTERS, most=MAX_VALUE)
    if len(tag) > MAX_TAG or "\0" in tag:
        reasons["tag"] = _("must have at most {most} letters, no NUL").format(most=MAX_TAG)
    if reasons:
        raise DataRefused(reasons)
    return _ask(team_id, DataAction.SEARCH, value, tag, None, now)


@transaction.atomic
def ask_export(search: PersonalDataJob, now: datetime) -> PersonalDataJob:
    """Asks for an export of what a search found. Raises `DataRefused`."""
    _check_done(search)
    return _ask(search.team_id, DataAction.EXPORT, decrypt(bytes(search.value)), search.tag, search, now)


@transaction.atomic
def ask_deletion(search: PersonalDataJob, confirmed: int | None, now: datetime) -> PersonalDataJob:
    """Asks for the deletion of what a search found. `confirmed` must be the number of executions that it found.

    Raises `DataRefused`.
    """
    _check_done(search)
    if confirmed != search.executions:
        told = _("must be the number of executions that were found: {count}")
        raise DataRefused({"confirm": told.format(count=search.executions)})
    return _ask(search.team_id, DataAction.DELETION, decrypt(bytes(search.value)), search.tag, search, now)


def _check_done(search: PersonalDataJob) -> None:
    if search.action != DataAction.SEARCH or search.state != DataState.DONE:
        raise DataRefused({"search": _("must be a search that is done")})


def _ask(
    team_id: UUID, action: DataAction, value: str, tag: str, search: PersonalDataJob | None, now: datetime
) -> PersonalDataJob:
    at_work = PersonalDataJob.objects.filter(team_id=team_id, state__in=(DataState.WAITING, DataState.RUNNING))
    if at_work.count() >= MAX_AT_WORK:
        told = _("are at most {most} at a time: let one end, or remove one")
        raise DataRefused({"jobs": told.format(most=MAX_AT_WORK)})
    scope = current_scope()
    who = (scope.actor if scope else None) or SYSTEM
    job = PersonalDataJob.objects.create(
        team_id=team_id,
        action=action,
        value=encrypt(value),
        shown=shown_name(value, "")[:60],
        tag=tag,
        search_id=search.id if search else None,
        actor_kind=who.kind,
        actor_id=who.id,
        actor_name=who.name[:254],
        asked_at=now,
        expires_at=now + KEPT,
    )
    PersonalDataDue.objects.create(job_id=job.id, team_id=team_id, due_at=now)
    record(f"personal_data.{action}_asked", ("personal data", job.id, shown_name(value, tag)))
    return job


def listed(team_id: UUID) -> list[PersonalDataJob]:
    """The newest jobs. Inside the team's context."""
    return list(PersonalDataJob.objects.filter(team_id=team_id).order_by("-asked_at", "id")[:LISTED])


def find(team_id: UUID, job_id: UUID) -> PersonalDataJob | None:
    """One job; None where there is none, or no longer. Inside the team's context."""
    return PersonalDataJob.objects.filter(team_id=team_id, id=job_id).first()


def followed_by(search: PersonalDataJob) -> list[PersonalDataJob]:
    """The exports and deletions of a search, the newest first. Inside the team's context."""
    mine = PersonalDataJob.objects.filter(team_id=search.team_id, search_id=search.id)
    return list(mine.order_by("-asked_at", "id")[:LISTED])


@transaction.atomic
def remove(job: PersonalDataJob) -> None:
    """Removes a job with its file; one that is at work stops soon. Inside the team's context."""
    PersonalDataDue.objects.filter(job_id=job.id).delete()
    PersonalDataJob.objects.filter(team_id=job.team_id, id=job.id).delete()
    transaction.on_commit(lambda: remove_files(job.team_id, job.id))


def remove_expired(team_id: UUID, now: datetime) -> int:
    """Removes jobs whose days are over; how many. Inside the team's context."""
    found = list(PersonalDataJob.objects.filter(team_id=team_id, expires_at__lte=now))
    for job in found:
        remove(job)
    return len(found)


def folder_of(team_id: UUID) -> Path:
    """Where a team's files are; made for this account alone, and erased with the team."""
    folder = Path(settings.EXPORTS_FOLDER) / str(team_id) / "personal-data"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def parts_of(job: PersonalDataJob) -> Path:
    """The folder of the parts of an export that is being written."""
    folder = folder_of(job.team_id) / f"{job.id.hex}.parts"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def new_name(job: PersonalDataJob) -> str:
    """A name that nobody guesses; it begins with the job's id, so that what is left over is found."""
    return f"{job.id.hex}-{secrets.token_hex(16)}.zip"


def path_of(job: PersonalDataJob) -> Path | None:
    """The file of an export that is done; None where it is not there."""
    if job.state != DataState.DONE or not job.stored_name:
        return None
    path = folder_of(job.team_id) / job.stored_name
    return path if path.is_file() else None


def remove_files(team_id: UUID, job_id: UUID) -> None:
    """Removes all files of a job."""
    for path in folder_of(team_id).glob(f"{job_id.hex}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
