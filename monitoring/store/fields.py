"""The columns that the write path fills, and how two reports of one column merge.

Each rule is commutative, associative and idempotent, so parts may come in any order, repeated and split. A rule
sees two told values: "told beats not told" holds for all of them. With told revisions a later one beats an
earlier one, and the rule decides between equals (see `monitoring.store.merge`).
"""

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Row = list[Any]
Rule = Callable[[Any, Any], Any]


def _each_greatest(one: list[int | None], other: list[int | None]) -> list[int | None]:
    return [b if a is None else a if b is None else max(a, b) for a, b in zip(one, other, strict=True)]


def _each_key_greatest(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    found = {**one, **other}
    return {key: max(one[key], value) if key in one else value for key, value in sorted(found.items())}


_ID_BYTES = 8


def pack_ids(ids: Iterable[int]) -> bytes | None:
    """A set of signed 64-bit ids as one value: ascending, big-endian, 8 bytes each; None for an empty set."""
    found = sorted(set(ids))
    return struct.pack(f">{len(found)}q", *found) or None


def unpack_ids(packed: bytes) -> list[int]:
    """The ids of `pack_ids`, ascending."""
    return [
        int.from_bytes(packed[place : place + _ID_BYTES], "big", signed=True)
        for place in range(0, len(packed), _ID_BYTES)
    ]


def _all_ids(one: bytes, other: bytes) -> bytes | None:
    return pack_ids([*unpack_ids(one), *unpack_ids(other)])


def _all_facets(one: list[str], other: list[str]) -> list[str]:
    return sorted({*one, *other})


@dataclass(frozen=True, slots=True)
class Field:
    """A column: its type in the database, its merge rule (None: fixed or computed), whether a revision counts."""

    name: str
    type: str
    rule: Rule | None = None
    has_revision: bool = True


# Columns that say when reports came, not what they said, or say again what a payload chunk does.
_SILENT = ("received_at", "heard_at", "facets")


class Table:
    """A table of the write path. Rows are lists in the order of `fields`."""

    def __init__(self, name: str, key: tuple[str, ...], fields: tuple[Field, ...]) -> None:
        self.name = name
        self.key = key
        self.fields = fields
        self.names = tuple(field.name for field in fields)
        self.index = {name: place for place, name in enumerate(self.names)}
        self.revisions = self.index.get("revisions")
        self.silent = frozenset(self.index[name] for name in _SILENT if name in self.index)
        self.json_places = tuple(place for place, field in enumerate(fields) if field.type == "jsonb")
        self.rules = tuple((place, field.rule) for place, field in enumerate(fields) if field.rule)


TOKEN_NAMES = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")

EXECUTION = Table(
    "execution",
    ("id",),
    (
        Field("id", "uuid"),
        Field("external_id", "text"),
        Field("attempt", "smallint"),
        Field("retention_class", "smallint"),
        Field("anchor_day", "date"),
        Field("origin_id", "uuid", max),
        Field("parent_execution_id", "uuid", max),
        Field("workflow_id", "uuid", max),
        Field("release_id", "bigint", max),
        # Comes along with the release that it was told beside.
        Field("commit_id", "bigint"),
        Field("environment_id", "bigint", max),
        Field("trigger_id", "bigint", max),
        Field("input_type_id", "bigint", max),
        Field("status", "smallint", max),
        Field("started_at", "timestamptz", min),
        Field("told_finished_at", "timestamptz", max),
        Field("placed_at", "timestamptz", max, has_revision=False),
        Field("received_at", "timestamptz", min, has_revision=False),
        Field("heard_at", "timestamptz", max, has_revision=False),
        Field("clock", "smallint", max, has_revision=False),
        Field("told_duration_ms", "double precision", max),
        # The id of an error's fingerprint follows the error's text.
        Field("error", "text"),
        Field("told_error_id", "bigint"),
        Field("url", "text", max),
        Field("api_call_count", "bigint", max),
        Field("peak_memory_bytes", "bigint", max),
        Field("memory_limit_bytes", "bigint", max),
        Field("storage_bytes", "bigint", max),
        Field("storage_limit_bytes", "bigint", max),
        Field("told_cost_usd", "numeric", max),
        Field("told_tokens", "jsonb", _each_greatest),
        Field("is_imported", "boolean", max, has_revision=False),
        Field("facet_ids", "bytea", _all_ids, has_revision=False),
        Field("facets", "jsonb", _all_facets, has_revision=False),
        Field("revisions", "jsonb"),
        Field("error_id", "bigint"),
        Field("failed_node_id", "bigint"),
        Field("failure_group_id", "uuid"),
        Field("step_count", "integer"),
        Field("failed_step_count", "integer"),
        Field("retry_count", "integer"),
        *(Field(name, "bigint") for name in TOKEN_NAMES),
        Field("unpriced_tokens", "bigint"),
        Field("cost_usd", "numeric"),
        Field("steps_tell", "smallint"),
        # What the workflow's success criteria say: computed last, from everything else.
        Field("is_unmet", "boolean"),
        Field("unmet_criteria", "jsonb"),
    ),
)

STEP = Table(
    "step",
    ("execution_id", "id", "retention_class", "anchor_day"),
    (
        Field("execution_id", "uuid"),
        Field("id", "bigint"),
        Field("retention_class", "smallint"),
        Field("anchor_day", "date"),
        Field("parent_id", "bigint", max),
        Field("position", "integer", max),
        Field("attempt", "smallint", max, has_revision=False),
        Field("node_id", "bigint", max),
        Field("kind_id", "bigint", max),
        Field("status", "smallint", max),
        Field("started_at", "timestamptz", min),
        Field("ended_at", "timestamptz", max),
        Field("told_duration_ms", "double precision", max),
        Field("error", "text"),
        Field("error_id", "bigint"),
        Field("provider_id", "bigint", max),
        Field("model_id", "bigint", max),
        Field("tool_id", "bigint", max),
        Field("system_id", "bigint", max),
        *(Field(name, "bigint", max) for name in TOKEN_NAMES),
        Field("told_cost_usd", "numeric", max),
        Field("usage_detail", "jsonb", _each_key_greatest),
        # Computed last, from everything else: see `monitoring.store.rating` and `monitoring.store.covering`.
        Field("priced_cost_usd", "numeric"),
        Field("price_id", "bigint"),
        Field("cost_usd", "numeric"),
        Field("is_covered", "boolean"),
        Field("revisions", "jsonb"),
    ),
)

PAYLOAD = Table(
    "payload",
    ("execution_id", "digest", "retention_class", "anchor_day"),
    (
        Field("execution_id", "uuid"),
        Field("digest", "bigint"),
        Field("retention_class", "smallint"),
        Field("anchor_day", "date"),
        Field("body", "bytea"),
    ),
)

LOG_LINE = Table(
    "log_line",
    ("execution_id", "id", "retention_class", "anchor_day"),
    (
        Field("execution_id", "uuid"),
        Field("id", "bigint"),
        Field("retention_class", "smallint"),
        Field("anchor_day", "date"),
        Field("step_id", "bigint"),
        Field("logged_at", "timestamptz"),
        Field("position", "integer"),
        Field("level", "text"),
        Field("message", "text"),
    ),
)

# Rows that are the same whenever they are sent: a second time changes nothing.
FIXED_TABLES = (PAYLOAD, LOG_LINE)
# The first columns of each table tell its rows apart.
IDENTITY = 2
# Where partitioned rows carry the class and the day of their execution.
CLASS_PLACE, DAY_PLACE = 2, 3
