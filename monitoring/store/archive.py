"""The archive: records of a day as Parquet files on a file system or in an S3-compatible store, and their way back.

One folder a day: `<team>/<class>/<day>/<part>/` with a file for each table and `manifest.json`, which is written last.
A process of its own has pyarrow (`archive_process`); rows travel to it as JSON lines. Values are kept as text and JSON
in Parquet columns of text, so that nothing is rounded.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from accounts.encryption import Unreadable, decrypt
from accounts.models import RetentionPolicy
from accounts.outgoing import Refused, Unreachable, checked_addresses, parse_target
from accounts.outgoing_uses import Use, is_on, off_reason
from accounts.tenancy import team_context
from monitoring.models.execution import RetentionClass

TABLES = ("execution", "step", "payload", "log_line", "facet")
FETCHED = 2_000
TIMEOUT_SECONDS = 1_800
DEFAULT_ENDPOINT = "https://s3.amazonaws.com"


class ArchiveFailed(RuntimeError):
    """Nothing may be deleted: the archive could not be written or read. The text says why."""


@dataclass(frozen=True, slots=True)
class Store:
    """Where a team's archive is: `url` is `file:///…` or `s3://bucket/prefix`."""

    url: str
    endpoint: str = ""
    key: str = ""
    secret: str = ""


def store_of(policy: RetentionPolicy) -> Store | None:
    """The archive of a team: its own, else the installation's (ARCHIVE_URL); None: nothing is archived.

    Raises `ArchiveFailed` where the secret cannot be read any more.
    """
    if not policy.archive_url:
        told: dict[str, str] = settings.STEADYRUN_ARCHIVE
        return Store(**told) if told["url"] else None
    try:
        secret = decrypt(bytes(policy.archive_secret)) if policy.archive_secret else ""
    except Unreadable as error:
        raise ArchiveFailed("its secret was encrypted with another SECRET_KEY: enter it again") from error
    return Store(policy.archive_url, policy.archive_endpoint, policy.archive_key, secret)


def fault(url: str, endpoint: str, *, is_team: bool) -> str:
    """What is wrong with an archive's address; empty: nothing. A team's own may not be a folder of this machine."""
    parts = urlsplit(url)
    if parts.scheme == "file" and not is_team:
        is_whole = parts.path.startswith("/") and ".." not in parts.path.split("/")
        return "" if is_whole else _("must name a whole path")
    if parts.scheme != "s3" or not parts.netloc:
        return _("must be s3://bucket/prefix") if is_team else _("must be s3://bucket/prefix or file:///folder")
    if not is_on(Use.ARCHIVE):
        # Not even its name is looked up; it is checked before the first request.
        return ""
    try:
        checked_addresses(parse_target(endpoint or DEFAULT_ENDPOINT))
    except Refused as refused:
        return str(refused)
    except Unreachable:
        return ""
    return ""


def write_part(store: Store, team_id: UUID, class_: int, day: date, ids: Sequence[UUID], part: str) -> str:
    """Writes these executions of one day with all their records; the folder. Raises `ArchiveFailed`."""
    name = RetentionClass(class_).name.lower()
    folder = f"{team_id}/{name}/{day.isoformat()}/{part}"
    about = {"team": str(team_id), "class": name, "day": day.isoformat(), "version": 1}
    _run(store, {"do": "write", "folder": folder, "about": about}, _lines(team_id, class_, day, ids))
    return folder


def read_days(store: Store, team_id: UUID, class_: int, day: date) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows that the archive has of a day: table and row. Raises `ArchiveFailed`, also where a checksum differs."""
    folder = f"{team_id}/{RetentionClass(class_).name.lower()}/{day.isoformat()}"
    for line in _run(store, {"do": "read", "folder": folder}, ()).splitlines():
        table, row = json.loads(line)
        yield table, row


def _lines(team_id: UUID, class_: int, day: date, ids: Sequence[UUID]) -> Iterator[bytes]:
    """Each row as a line `[table, {column: text}]`, as the database writes it out as JSON."""
    classes = sorted({class_, int(RetentionClass.DEBUG)})
    for table in TABLES:
        own = "id" if table == "execution" else "execution_id"
        sql = (
            f"SELECT row_to_json(t)::text FROM {table} t WHERE team_id = %s AND {own} = ANY(%s) "
            "AND retention_class = ANY(%s::smallint[]) AND anchor_day = %s"
        )
        with team_context(team_id), connection.cursor() as cursor:
            cursor.execute(sql, [team_id, list(ids), classes, day])
            while rows := cursor.fetchmany(FETCHED):
                for (row,) in rows:
                    yield f'["{table}",{row}]\n'.encode()


def _run(store: Store, order: dict[str, Any], lines: Iterator[bytes] | tuple[()]) -> str:
    """Runs the process with an order and what it reads; what it wrote. Secrets go by its input."""
    if not store.url.startswith("file:") and not is_on(Use.ARCHIVE):
        raise ArchiveFailed(off_reason(Use.ARCHIVE))
    if reason := fault(store.url, store.endpoint, is_team=False):
        raise ArchiveFailed(f"the address of the archive {reason}")
    command = [sys.executable, "-m", "monitoring.store.archive_process"]
    head = {**order, "url": store.url, "endpoint": store.endpoint, "key": store.key, "secret": store.secret}
    with subprocess.Popen(
        command, cwd=settings.BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        text = b"".join([json.dumps(head).encode() + b"\n", *lines])
        try:
            said, complaint = process.communicate(text, timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise ArchiveFailed("the archive did not answer in time") from None
    if process.returncode:
        last = complaint.decode(errors="replace").strip().splitlines()[-1:] or ["the process ended"]
        raise ArchiveFailed(last[0][:300])
    return said.decode()


def put_back(team_id: UUID, rows: Iterator[tuple[str, dict[str, Any]]], wanted: Sequence[UUID] | None) -> list[UUID]:
    """Writes archived rows as held ones where they are not here; the executions that came back."""
    found: list[UUID] = []
    allowed = None if wanted is None else {str(id) for id in wanted}
    here: set[str] = set()
    with team_context(team_id), connection.cursor() as cursor:
        for table, row in rows:
            own = row["id"] if table == "execution" else row["execution_id"]
            if (allowed is not None and own not in allowed) or own in here or row["team_id"] != str(team_id):
                continue
            values = json.dumps({**row, "retention_class": int(RetentionClass.HELD)})
            columns = _columns(cursor, table)
            cursor.execute(
                f"INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_record(NULL::{table}, %s) "
                "ON CONFLICT DO NOTHING",
                [values],
            )
            if table == "execution":
                if cursor.rowcount:
                    found.append(UUID(own))
                else:
                    here.add(own)
    return found


_known_columns: dict[str, str] = {}


def _columns(cursor: Any, table: str) -> str:
    """The columns of a table that can be written."""
    if table not in TABLES:
        raise ArchiveFailed(f"the archive holds a table {table!r} that there is not")
    if table not in _known_columns:
        cursor.execute(
            "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
            [table],
        )
        _known_columns[table] = cursor.fetchone()[0]
    return _known_columns[table]
