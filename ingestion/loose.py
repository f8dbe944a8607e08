"""Storing what belongs to no execution: log lines and metrics of a source. Their ids come from their content."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from ingestion.records import LooseLine, MetricPoint
from ingestion.sources import SourceInfo
from monitoring.store.statements import array, run

_encode = msgspec.json.Encoder(order="sorted").encode

_LINES = ("id", "uuid"), ("logged_at", "timestamptz"), ("level", "text"), ("message", "text"), ("labels", "jsonb")
_METRICS = (
    ("id", "uuid"),
    ("name", "text"),
    ("kind", "text"),
    ("unit", "text"),
    ("measured_at", "timestamptz"),
    ("value", "float8"),
    ("sample_count", "bigint"),
    ("labels", "jsonb"),
)
_Fields = Sequence[tuple[str, str]]
# What the column of units takes: a longer one must not cost the rest of its request.
MAX_UNIT = 40


def _insert(table: str, fields: _Fields, also: str = "", given: str = "") -> str:
    names = ", ".join(name for name, _ in fields)
    arrays = ", ".join(f"%s::{type}[]" for _, type in fields)
    return (
        f"INSERT INTO {table} (team_id, source_id{also}, {names}) "
        f"SELECT %s::uuid, %s::uuid{given}, {names} FROM unnest({arrays}) AS told ({names}) ORDER BY id "
        "ON CONFLICT DO NOTHING RETURNING 1"
    )


_INSERT_LINES = _insert("source_line", _LINES, ", received_at", ", %s::timestamptz")
_INSERT_METRICS = _insert("source_metric", _METRICS)


def _id(source: SourceInfo, about: Any) -> UUID:
    digest = hashlib.blake2b(_encode(about), digest_size=16, key=source.id.bytes, person=b"loose")
    return UUID(bytes=digest.digest())


def _save(statement: str, fields: _Fields, first: Sequence[Any], rows: dict[UUID, tuple[Any, ...]]) -> int:
    columns = zip(*([found, *row] for found, row in rows.items()), strict=True)
    arrays = [array(type, values) for (_, type), values in zip(fields, columns, strict=True)]
    return len(run(statement, [*first, *arrays]))


def store_lines(source: SourceInfo, lines: Sequence[tuple[int, LooseLine]], now: datetime) -> tuple[int, int]:
    """Stores log lines in the transaction that is open; how many were new and how many known already.

    A line without a time is placed at its receipt, and is then a new line each time it is sent.
    """
    if not lines:
        return 0, 0
    rows: dict[UUID, tuple[Any, ...]] = {}
    for _, line in lines:
        at = line.at or now
        found = _id(source, (at, line.position, line.level, line.message, line.labels))
        rows[found] = (at, line.level, line.message, line.labels)
    stored = _save(_INSERT_LINES, _LINES, [source.team_id, source.id, now], rows)
    return stored, len(lines) - stored


def store_metrics(source: SourceInfo, points: Sequence[tuple[int, MetricPoint]]) -> tuple[int, int]:
    """Stores metric points in the transaction that is open; how many were new and how many known already."""
    if not points:
        return 0, 0
    rows: dict[UUID, tuple[Any, ...]] = {}
    for _, one in points:
        told = one.kind or "", (one.unit or "")[:MAX_UNIT], one.at, one.value, one.count, one.labels
        rows[_id(source, (one.name, one.labels, one.at))] = (one.name, *told)
    stored = _save(_INSERT_METRICS, _METRICS, [source.team_id, source.id], rows)
    return stored, len(points) - stored
