"""Everything of a team as tables of JSON lines: what it set, its executions with all parts, its costs, its audit log.

Which tables there are is read from the models, so that one that is added later is not forgotten. Each is read in pages
by its key, so that neither memory nor a transaction grows with the team. Left out are secrets, queues (what is still to
be done, which a copy is of no use for) and packed columns that nobody can read; payloads are unpacked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection, models

from accounts.encryption import EncryptedTextField
from accounts.ports import unpacked
from accounts.tenancy import team_context

PAGE = 2_000
# Queues, counters and copies of what waits to be sent.
QUEUES = frozenset(
    {
        *("alert_delivery_due", "baseline_due", "channel_due", "cost_due", "cost_mail", "criteria_check"),
        *("default_rules", "dirty_bucket", "due_diagnosis", "export_due", "export_job", "finding_due", "first_rating"),
        *("improvement_due", "incident_due", "outbox_entry", "outbox_item", "outbox_schedule", "price_revision"),
        *("review_mail", "rule_due", "silence_due", "source_receipt", "team_export", "tracker_due", "triage_watch"),
        "key_mail",
        # Secrets as a whole: whoever knows an address of a source reports to it.
        "source_address",
    }
)
_KEY = """
SELECT array_agg(a.attname ORDER BY k.place)
FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k(number, place)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
WHERE i.indrelid = %s::regclass AND i.indisprimary
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """A table and its columns that go into the export; `packed` is one that is unpacked on the way."""

    table: str
    columns: tuple[str, ...]
    packed: str = ""


def exported() -> list[Exported]:
    """The tables that an export has, by name."""
    found: dict[str, Exported] = {}
    for model in apps.get_models():
        fields = model._meta.concrete_fields
        if model._meta.db_table not in QUEUES and any(field.attname == "team_id" for field in fields):
            found[model._meta.db_table] = _exported(model)
    return [found[name] for name in sorted(found)]


def _exported(model: type[models.Model]) -> Exported:
    table = model._meta.db_table
    secret: frozenset[str] = getattr(model, "audit_secret", frozenset())
    fields = [one for one in model._meta.concrete_fields if one.attname not in secret and one.column != "team_id"]
    plain = [str(one.column) for one in fields if not isinstance(one, models.BinaryField | EncryptedTextField)]
    packed = [name for one in fields if unpacked(table, name := str(one.column))]
    return Exported(table, tuple(plain), packed[0] if packed else "")


def pages(team_id: UUID, one: Exported) -> Iterator[tuple[int, bytes]]:
    """The rows of a table, page by page: how many, and their lines."""
    last: list[Any] = []
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(_KEY, [one.table])
        key = [name for name in cursor.fetchone()[0] if name != "team_id"] or ["team_id"]
    while True:
        found = _page(team_id, one, key, last)
        if found:
            yield len(found), b"".join(_line(one, row) for row in found)
        if len(found) < PAGE:
            return
        last = list(found[-1][2:])


def _page(team_id: UUID, one: Exported, key: list[str], last: list[Any]) -> list[tuple[Any, ...]]:
    """Of each row: its JSON, what is packed, its key."""
    names = ", ".join(key)
    after = f"AND ({names}) > ({', '.join(['%s'] * len(key))})" if last else ""
    columns = ", ".join(f't."{name}"' for name in one.columns)
    packed = f't."{one.packed}"' if one.packed else "NULL"
    keys = ", ".join(f"t.{name}" for name in key)
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT (SELECT row_to_json(r)::text FROM (SELECT {columns}) r), {packed}, {keys} "
            f"FROM (SELECT * FROM {one.table} WHERE team_id = %s {after} ORDER BY {names} LIMIT {PAGE}) t "
            f"ORDER BY {keys}",
            [team_id, *last],
        )
        return list(cursor.fetchall())


def _line(one: Exported, row: tuple[Any, ...]) -> bytes:
    text = str(row[0])
    read = unpacked(one.table, one.packed) if one.packed and row[1] is not None else None
    if read is not None:
        text = f'{text[:-1]},"{one.packed}":{read(bytes(row[1]))}}}'
    return text.encode() + b"\n"
