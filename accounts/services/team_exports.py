"""Exports of a whole team: asked for, written by a process of their own, kept for some days, removed.

The truth is in `team_export`. A claim runs out, and each sign of life renews it; when its writer is killed the next one
begins anew. The file appears under its name only once it is whole.
"""

import logging
import os
import secrets
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Team, TeamExport, TeamExportState, User
from accounts.reads.team_export import Exported, exported, pages

logger = logging.getLogger(__name__)

KEPT = timedelta(days=7)
LEASE = timedelta(seconds=60)
SIGN_OF_LIFE_S = 1.0
MOST_TRIES = 3
AT_WORK = (TeamExportState.WAITING, TeamExportState.WRITING)
_DUE = "state IN ('waiting', 'writing') AND (claimed_until IS NULL OR claimed_until <= %(now)s)"
_CLAIM = f"""UPDATE team_export SET claimed_until = %(until)s, tries = tries + 1 WHERE id IN (
    SELECT id FROM team_export WHERE {_DUE} ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id"""
_ABOUT = """Steadyrun: everything of the team {team}, {at:%Y-%m-%d %H:%M} UTC.

One file for each table, one JSON document a line, times in UTC. Ids lead from one table to another: execution_id to
execution, workflow_id to workflow, and names of nodes, models and the like to label. Bodies of payload are as they were
reported, after masking. Secrets and queues are not in it. Each page of a table was read by itself: what came in
meanwhile may be in one table and not in another.
"""


class ExportRefused(Exception):
    """No export is made; the text says why."""


class Superseded(Exception):
    """The export was removed, or another writer has taken it over."""


@transaction.atomic
def ask(*, team_id: UUID, by: User, now: datetime) -> TeamExport:
    """Asks for an export; one at a time. Inside the team's context. Raises `ExportRefused`."""
    Team.objects.select_for_update().get(id=team_id)
    if TeamExport.objects.filter(team_id=team_id, state__in=AT_WORK).exists():
        raise ExportRefused(_("An export is being written already: wait for it, or remove it."))
    one = TeamExport.objects.create(
        team_id=team_id, created_by=by, created_at=now, expires_at=now + KEPT, tables_total=len(exported())
    )
    record("team_export.asked", _target(one))
    return one


def remove(*, team_id: UUID, export_id: UUID) -> bool:
    """Removes an export with its file; one that is being written stops soon. Whether there was such a one."""
    one = TeamExport.objects.filter(team_id=team_id, id=export_id).first()
    if one is None:
        return False
    record("team_export.removed", _target(one))
    one.delete()
    transaction.on_commit(lambda: _remove_files(team_id, export_id))
    return True


def listed(team_id: UUID) -> list[TeamExport]:
    """The exports of a team, newest first."""
    rows = TeamExport.objects.select_related("created_by").filter(team_id=team_id)
    return list(rows.order_by("-created_at", "id"))


def path_of(one: TeamExport) -> Path | None:
    """The file of an export that is ready; None where it is not there."""
    path = _folder(one.team_id) / one.stored_name
    return path if one.state == TeamExportState.DONE and one.stored_name and path.is_file() else None


def file_name(one: TeamExport, team: Team) -> str:
    """What a download is called."""
    return f"{team.slug}-{one.created_at:%Y-%m-%d}.zip"


def remove_expired(now: datetime) -> int:
    """Removes exports whose days are over, of all teams; how many."""
    found = list(TeamExport.objects.filter(expires_at__lte=now).values_list("team_id", "id"))
    for team_id, export_id in found:
        TeamExport.objects.filter(id=export_id).delete()
        _remove_files(team_id, export_id)
    return len(found)


def is_due(now: datetime) -> bool:
    """Whether an export waits for a writer."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT FROM team_export WHERE {_DUE})", {"now": now})
        return bool(cursor.fetchone()[0])


def run_due() -> int:
    """Writes what is due, one after the other; how many tries."""
    count = 0
    while (found := _claim(timezone.now())) is not None:
        _run(found)
        count += 1
    return count


def _claim(now: datetime) -> UUID | None:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "until": now + LEASE})
        row = cursor.fetchone()
    return row[0] if row else None


def _run(export_id: UUID) -> None:
    """One try. What goes wrong is noted and tried again, three times in all."""
    one = TeamExport.objects.select_related("team").filter(id=export_id).first()
    if one is None:
        return
    if one.tries > MOST_TRIES:
        _settle(one, state=TeamExportState.FAILED, error=one.error or f"It was interrupted {MOST_TRIES} times.")
        return
    _remove_files(one.team_id, one.id)
    one.stored_name = f"team-{one.id.hex}-{secrets.token_hex(16)}.zip"
    path = _folder(one.team_id) / one.stored_name
    part = path.with_suffix(".part")
    try:
        _write(one, part)
        part.replace(path)
        _settle(one, state=TeamExportState.DONE, stored_name=one.stored_name, size_bytes=path.stat().st_size, error="")
    except Superseded:
        _remove_files(one.team_id, one.id)
    except (DatabaseError, OSError) as error:
        logger.exception("An export of a team could not be written")
        part.unlink(missing_ok=True)
        _fail(one, f"It could not be written: {type(error).__name__}. Is there room on the disk?")


def _write(one: TeamExport, part: Path) -> None:
    """Writes the file, and tells how far it is about once a second. Raises `Superseded`."""
    one.tables_total, one.tables_done, one.rows, told = len(exported()), 0, 0, 0.0
    with (
        os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive,
    ):
        archive.writestr("README.txt", _ABOUT.format(team=one.team.name, at=timezone.now()))
        for table in exported():
            one.table_name = table.table
            told = _write_table(one, archive, table, told)
            one.tables_done += 1


def _write_table(one: TeamExport, archive: zipfile.ZipFile, table: Exported, told: float) -> float:
    with archive.open(f"{table.table}.jsonl", "w", force_zip64=True) as file:
        for count, lines in pages(one.team_id, table):
            file.write(lines)
            one.rows += count
            if monotonic() - told >= SIGN_OF_LIFE_S:
                told = monotonic()
                _tell(one)
    return told


def _tell(one: TeamExport) -> None:
    progress = {name: getattr(one, name) for name in ("tables_total", "tables_done", "table_name", "rows")}
    _update(one, state=TeamExportState.WRITING, claimed_until=timezone.now() + LEASE, **progress)


def _settle(one: TeamExport, **values: object) -> None:
    _update(
        one,
        finished_at=timezone.now(),
        claimed_until=None,
        tables_done=one.tables_done,
        tables_total=one.tables_total,
        rows=one.rows,
        **values,
    )


def _fail(one: TeamExport, reason: str) -> None:
    """Notes why a try failed; after the last one nothing is tried any more."""
    if one.tries >= MOST_TRIES:
        _settle(one, state=TeamExportState.FAILED, error=reason)
    else:
        _update(one, state=TeamExportState.WAITING, error=reason, claimed_until=timezone.now() + LEASE)


def _update(one: TeamExport, **values: object) -> None:
    """As the latest writer alone. Raises `Superseded`."""
    if not TeamExport.objects.filter(id=one.id, tries=one.tries, state__in=AT_WORK).update(**values):
        raise Superseded


def _folder(team_id: UUID) -> Path:
    """Where a team's files are; made for this account alone. The end of the team removes it."""
    folder = Path(settings.EXPORTS_FOLDER) / str(team_id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _remove_files(team_id: UUID, export_id: UUID) -> None:
    for path in _folder(team_id).glob(f"team-{export_id.hex}-*"):
        path.unlink(missing_ok=True)


def _target(one: TeamExport) -> tuple[str, UUID, str]:
    return ("team export", one.id, f"export of {one.created_at:%Y-%m-%d}")
