"""Exports as background jobs: asked for, kept for some days in the team's own folder, removed."""

import secrets
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.tenancy import team_context
from billing.exports.files import Format, Table, file_name
from billing.models import ExportDue, ExportJob, ExportState
from billing.reads.cost_lines import Chosen, expect
from billing.services.history import By, Subject, record

KEPT = timedelta(days=7)
# What a team may have waiting or being written; the rest is told to come again.
MOST_AT_WORK = 10
# Exports of up to so many lines are written while the member waits, unless they need a process of their own.
DIRECT_LINES = 20_000


class TooManyExports(Exception):
    """The team has as many exports waiting as it may; the text says how many."""


def is_direct(table: Table, format: Format, lines: int) -> bool:
    """Whether an export is short enough to be written at once."""
    return format is not Format.PARQUET and (lines <= DIRECT_LINES or table is Table.CHARGEBACK)


def create(
    team_id: UUID,
    *,
    table: Table,
    format: Format,
    chosen: Chosen,
    now: datetime,
    user_id: UUID | None = None,
    by: By = None,
) -> ExportJob:
    """Asks for an export. Inside the team's context. Raises `TooManyExports`."""
    at_work = ExportJob.objects.filter(team_id=team_id, state__in=(ExportState.WAITING, ExportState.WRITING))
    if at_work.count() >= MOST_AT_WORK:
        words = _("{count} exports of this team wait already: let one end, or remove one.")
        raise TooManyExports(words.format(count=MOST_AT_WORK))
    job = ExportJob.objects.create(
        team_id=team_id,
        table=table.value,
        format=format.value,
        chosen=chosen.document(),
        lines_total=expect(team_id, chosen).lines,
        file_name=file_name(table, format, chosen),
        created_by_id=user_id,
        created_at=now,
        expires_at=now + KEPT,
    )
    ExportDue.objects.create(job_id=job.id, team_id=team_id, due_at=now)
    record(team_id, Subject.EXPORT, job.id, "asked", by=by, now=now, **_about(table, format, chosen))
    return job


def record_direct(team_id: UUID, table: Table, format: Format, chosen: Chosen, *, by: By, now: datetime) -> None:
    """Writes down that a short export was answered at once."""
    record(team_id, Subject.EXPORT, "", "written", by=by, now=now, **_about(table, format, chosen))


def _about(table: Table, format: Format, chosen: Chosen) -> dict[str, object]:
    return {"table": table.value, "format": format.value, "chosen": chosen.document()}


def remove(team_id: UUID, job: ExportJob, *, by: By = None, now: datetime | None = None) -> None:
    """Removes an export; one that is being written stops soon. Inside the team's context."""
    ExportDue.objects.filter(job_id=job.id, team_id=team_id).delete()
    ExportJob.objects.filter(team_id=team_id, id=job.id).delete()
    if now is not None:
        record(team_id, Subject.EXPORT, job.id, "removed", by=by, now=now, file=job.file_name)
    transaction.on_commit(lambda: remove_files(team_id, job.id))


def team_folder(team_id: UUID) -> Path:
    """Where a team's files are; made for this account alone."""
    folder = Path(settings.EXPORTS_FOLDER) / str(team_id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def new_name(job: ExportJob) -> str:
    """A name that nobody guesses; it begins with the job's id, so that what is left over is found."""
    return f"{job.id.hex}-{secrets.token_hex(16)}"


def path_of(job: ExportJob) -> Path | None:
    """The file of an export that is done; None where it is not there."""
    if job.state != ExportState.DONE or not job.stored_name:
        return None
    path = team_folder(job.team_id) / job.stored_name
    return path if path.is_file() else None


def remove_files(team_id: UUID, job_id: UUID, *, but: str = "") -> None:
    """Removes all files of a job, also those that a killed writer left."""
    for path in team_folder(team_id).glob(f"{job_id.hex}-*"):
        if path.name != but:
            path.unlink(missing_ok=True)


def remove_expired(team_id: UUID, now: datetime) -> int:
    """Removes exports whose time is over; how many."""
    with team_context(team_id):
        found = list(ExportJob.objects.filter(team_id=team_id, expires_at__lte=now))
        for job in found:
            remove(team_id, job)
    return len(found)
