"""How a workflow was started, in one environment and a window: the starts, with what tells their inputs apart.

Fields, tags, type and trigger of an execution are in its row. Whole inputs are read from payloads, and only of starts
that come so soon after one like them that they may be the same: ingest keeps no digest for it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from accounts.statements import run_planned
from monitoring.analysis.triggers import DUPLICATE_WITHIN, Start
from monitoring.identity import derive_number
from monitoring.reads.cuts import Cut
from monitoring.reads.places import in_places
from monitoring.store.payloads import merge_own

# Starts that a rhythm is read from: the latest ones.
MAX_STARTS = 5_000
# Whole inputs that are compared: the latest ones, so many at a time, of payloads up to this size (bytes, compressed).
MAX_COMPARED, AT_A_TIME, MAX_BYTES = 500, 50, 200_000
_STARTS = f"""
SELECT started_at, duration_ms, CASE WHEN facet_ids IS NOT NULL THEN
    encode(sha256(facet_ids || convert_to(concat_ws(' ', input_type_id, trigger_id), 'UTF8')), 'hex') ELSE '' END,
    id, retention_class, anchor_day, environment_id = %(environment)s
FROM execution WHERE team_id = %(team)s AND workflow_id = %(workflow)s
    AND counted_at >= %(start)s AND counted_at < %(end)s
    AND started_at IS NOT NULL AND attempt = 1 AND parent_execution_id IS NULL
ORDER BY counted_at DESC, id DESC LIMIT {MAX_STARTS}
"""
_BODIES = f"""
SELECT execution_id, CASE WHEN sum(octet_length(body)) OVER (PARTITION BY execution_id) <= {MAX_BYTES} THEN body END
FROM payload WHERE team_id = %(team)s AND execution_id = ANY(%(ids)s) AND {{places}}
"""
_encode = msgspec.json.Encoder(order="deterministic", decimal_format="number").encode


class _Row(NamedTuple):
    """A start as it is stored; `key` has fields, tags, type and trigger, empty where none of them was told."""

    at: datetime
    duration_ms: float | None
    key: str
    id: UUID
    retention_class: int
    anchor_day: Any
    is_here: bool


def starts_of(cut: Cut) -> tuple[list[Start], list[datetime]]:
    """The latest starts: first attempts that were not started by another execution; and those in other environments."""
    rows = [_Row(*row) for row in run_planned(_STARTS, cut.values())]
    here = [row for row in rows if row.is_here]
    told = _whole_inputs(cut.team_id, _near(here))
    # Where inputs have no fields but are told, a start that was not looked at counts as one with an input of its own.
    is_told = any(told.get(row.id) for row in here if not row.key)
    keys = [row.key + told.get(row.id, "") or (str(row.id) if is_told and row.id not in told else "") for row in here]
    starts = [Start(row.at, row.duration_ms, key) for row, key in zip(here, keys, strict=True)]
    return starts, [row.at for row in rows if not row.is_here]


def _near(rows: Sequence[_Row]) -> list[_Row]:
    """Those that may repeat another one or be repeated, the latest ones first."""
    by_key: defaultdict[str, list[_Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.at):
        by_key[row.key].append(row)
    pairs = (pair for alike in by_key.values() for pair in pairwise(alike))
    found = {row.id: row for pair in pairs if pair[1].at - pair[0].at <= DUPLICATE_WITHIN for row in pair}
    return sorted(found.values(), key=lambda row: (row.at, row.id), reverse=True)[:MAX_COMPARED]


def _whole_inputs(team_id: UUID, rows: Sequence[_Row]) -> Mapping[UUID, str]:
    """What tells the whole inputs of executions apart, empty where none was told; those too large are left out."""
    found: dict[UUID, str] = {}
    for first in range(0, len(rows), AT_A_TIME):
        some = rows[first : first + AT_A_TIME]
        bodies: defaultdict[UUID, list[bytes | None]] = defaultdict(list)
        places, params = in_places((row.retention_class, row.anchor_day) for row in some)
        params |= {"team": team_id, "ids": [row.id for row in some]}
        for id, body in run_planned(_BODIES.format(places=places), params):
            bodies[id].append(body)
        for row in some:
            known = [body for body in bodies[row.id] if body is not None]
            if len(known) == len(bodies[row.id]):
                told = merge_own(known).get("input")
                found[row.id] = "" if told is None else f" {derive_number(_encode(told))}"
    return found


def first_start(starts: list[Start], start: datetime) -> datetime:
    """From when on starts were read: that of the window, or the earliest of as many as are read."""
    return max(start, min(one.at for one in starts)) if len(starts) >= MAX_STARTS else start
