"""Writing exports that are due: claimed, written beside their place, moved there whole.

The truth is in `export_due`. A claim moves `due_at` on, and so does each sign of life; when its writer is killed, the
next one begins anew, as the lines may have changed. A file appears under its name only once it is whole.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from django.db import DatabaseError, connection
from django.utils import timezone

from accounts.models import Team
from accounts.tenancy import team_context
from billing.exports.files import Format, Table, Written, write
from billing.exports.parquet_file import ParquetFailed
from billing.models import ExportDue, ExportJob, ExportState
from billing.reads.cost_lines import Chosen
from billing.services.export_jobs import new_name, remove_files, team_folder

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
SIGN_OF_LIFE_S = 1.0
MOST_TRIES = 3
_PAUSE = timedelta(seconds=30)
_CLAIM = """UPDATE export_due SET due_at = %(until)s WHERE job_id IN (
    SELECT job_id FROM export_due WHERE due_at <= %(now)s ORDER BY due_at, job_id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING team_id, job_id"""


class Superseded(Exception):
    """The export was removed, or another writer has taken it over."""


def is_due(now: datetime) -> bool:
    """Whether an export waits for a writer."""
    return ExportDue.objects.filter(due_at__lte=now).exists()


def run_due(now: Callable[[], datetime] = timezone.now) -> int:
    """Writes what is due, one after the other; how many."""
    count = 0
    while claimed := claim(now()):
        run(*claimed)
        count += 1
    return count


def claim(now: datetime) -> tuple[UUID, UUID] | None:
    """Team and id of the next export that is due, for this writer alone; None without one."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "until": now + LEASE})
        found: tuple[UUID, UUID] | None = cursor.fetchone()
    return found


@dataclass(slots=True)
class _Progress:
    """Tells how far a writer got, about once a second, and keeps its claim."""

    job: ExportJob
    told_at: float = field(default_factory=monotonic)

    def __call__(self, lines: int) -> None:
        """Raises `Superseded`."""
        if monotonic() - self.told_at < SIGN_OF_LIFE_S:
            return
        self.told_at = monotonic()
        with team_context(self.job.team_id):
            if not _own(self.job).update(lines_done=lines):
                raise Superseded
            ExportDue.objects.filter(job_id=self.job.id).update(due_at=timezone.now() + LEASE)


def _own(job: ExportJob):  # type: ignore[no-untyped-def]  # a query set of django-stubs' own kind
    """The job, as long as this writer is its latest one."""
    return ExportJob.objects.filter(team_id=job.team_id, id=job.id, tries=job.tries, state=ExportState.WRITING)


def run(team_id: UUID, job_id: UUID) -> None:
    """One try of one export. What goes wrong is noted and tried again, three times in all."""
    job = _begin(team_id, job_id)
    if job is None:
        return
    name = new_name(job)
    path = team_folder(team_id) / name
    part = path.with_suffix(".part")
    remove_files(team_id, job_id)
    chosen = Chosen.of(job.chosen)
    try:
        team = Team.objects.get(id=team_id)
        written = write(team, Table(job.table), Format(job.format), chosen, part, _Progress(job))
        part.replace(path)
        _finish(job, name, written)
    except Superseded:
        part.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
    except (ParquetFailed, DatabaseError, OSError) as error:
        logger.exception("An export could not be written")
        part.unlink(missing_ok=True)
        _fail(job, f"It could not be written: {type(error).__name__}.")


def _begin(team_id: UUID, job_id: UUID) -> ExportJob | None:
    """The job with one try more; None where it is gone, done, or was tried often enough."""
    with team_context(team_id):
        job = ExportJob.objects.select_for_update().filter(team_id=team_id, id=job_id).first()
        if job is None or job.state in (ExportState.DONE, ExportState.FAILED):
            ExportDue.objects.filter(job_id=job_id).delete()
            return None
        if job.tries >= MOST_TRIES:
            _settle(job, f"It was interrupted {MOST_TRIES} times.")
            return None
        job.tries += 1
        job.state, job.lines_done = ExportState.WRITING, 0
        job.save(update_fields=["tries", "state", "lines_done"])
    return job


def _finish(job: ExportJob, name: str, written: Written) -> None:
    """Makes the file the job's own. Raises `Superseded`."""
    with team_context(job.team_id):
        is_own = _own(job).update(
            state=ExportState.DONE,
            stored_name=name,
            rows=written.rows,
            size_bytes=written.size_bytes,
            digest=written.digest,
            left_out_lines=written.left_out,
            left_out_tokens=written.left_out_tokens,
            lines_done=job.lines_total,
            finished_at=timezone.now(),
            error="",
        )
        if not is_own:
            raise Superseded
        ExportDue.objects.filter(job_id=job.id).delete()


def _fail(job: ExportJob, reason: str) -> None:
    """Notes why a try failed; after the last one nothing is due any more."""
    with team_context(job.team_id):
        if job.tries >= MOST_TRIES:
            _settle(job, reason)
        elif _own(job).update(state=ExportState.WAITING, error=reason):
            ExportDue.objects.filter(job_id=job.id).update(due_at=timezone.now() + _PAUSE)


def _settle(job: ExportJob, reason: str) -> None:
    """Gives up, unless another writer has taken it over. Inside the team's context."""
    rows = ExportJob.objects.filter(team_id=job.team_id, id=job.id, tries=job.tries)
    if rows.update(state=ExportState.FAILED, error=reason, finished_at=timezone.now()):
        ExportDue.objects.filter(job_id=job.id).delete()
