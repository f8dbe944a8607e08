"""Healthy references: the stored one of an execution's kind, made when it is first needed and again when it is old."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import zstandard

from accounts.statements import run_prepared
from monitoring.analysis.cohort import AT_MOST, ENOUGH, LEVELS, choose_cohort
from monitoring.analysis.learning import build_reference
from monitoring.analysis.reference import Reference
from monitoring.reads.cohort import count_healthy, healthy_runs, reference_id, shared_ids
from monitoring.reads.replay_records import ExecutionRecord
from monitoring.statuses import Status

# A reference that is older is made again, if executions have succeeded since.
FRESH = timedelta(hours=1)
LEVEL = 3
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024

_STORED = """SELECT id, document, runs, cohort, built_at, newest_at FROM healthy_reference
    WHERE team_id = %s AND id = ANY(%s)"""
# Two that make it at once write the same; the one that is built later stays.
_SAVE = """
INSERT INTO healthy_reference (team_id, id, workflow_id, document, runs, cohort, basis, built_at, newest_at)
VALUES (%(team)s, %(id)s, %(workflow)s, %(document)s, %(runs)s, %(cohort)s, %(basis)s, %(built_at)s, %(newest_at)s)
ON CONFLICT (team_id, id) DO UPDATE SET document = EXCLUDED.document, runs = EXCLUDED.runs,
    cohort = EXCLUDED.cohort, basis = EXCLUDED.basis,
    built_at = EXCLUDED.built_at, newest_at = EXCLUDED.newest_at
WHERE healthy_reference.built_at <= EXCLUDED.built_at RETURNING id
"""
_NEWER = f"""SELECT 1 FROM execution WHERE team_id = %s AND workflow_id = %s AND counted_at > %s
    AND status = {Status.SUCCEEDED:d} LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Compared:
    """What an execution is compared with: how many executions, what they share with it, when the reference was made.

    `reference` is None where a stored examination is shown: whoever needs it reads it again.
    """

    runs: int
    same: tuple[str, ...]
    built_at: datetime
    reference: Reference | None = None


@dataclass(frozen=True, slots=True)
class _Stored:
    id: UUID
    document: bytes
    runs: int
    cohort: int
    built_at: datetime
    newest_at: datetime | None


def reference_for(
    team_id: UUID, execution: ExecutionRecord, now: datetime, *, is_patient: bool = False
) -> Compared | None:
    """The reference that an execution is compared with; None without a workflow.

    Three queries where one is stored, two where enough executions of the narrowest kind are behind it. A page takes a
    stored one as it is unless too few executions are behind it; who `is_patient` has an old one made again.
    """
    if execution.workflow_id is None:
        return None
    shared = shared_ids(team_id, execution)
    ids = {reference_id(execution, shared, level): level for level in LEVELS}
    stored = {ids[one.id]: one for one in (_Stored(*row) for row in run_prepared(_STORED, [team_id, list(ids)]))}
    narrowest = stored.get(LEVELS[0])
    if narrowest and not is_patient and min(narrowest.runs, narrowest.cohort) >= ENOUGH:
        # However many there are now, this one would be chosen, and taken as it is.
        return _compared(_unpack(narrowest.document), LEVELS[0], narrowest.built_at)
    counts = count_healthy(team_id, execution, shared)
    known = {level: max(counts[level], stored[level].runs if level in stored else 0) for level in LEVELS}
    cohort = choose_cohort(known)
    kept = stored.get(cohort.same)
    if kept and not _is_old(team_id, execution, kept, counts[cohort.same], now, is_patient=is_patient):
        return _compared(_unpack(kept.document), cohort.same, kept.built_at)
    return _build(team_id, execution, shared, cohort.same, cohort.words, counts[cohort.same], now)


def _is_old(
    team_id: UUID, execution: ExecutionRecord, kept: _Stored, count: int, now: datetime, *, is_patient: bool
) -> bool:
    """Whether a stored reference is made again now. One of few executions grows as soon as there are twice as many."""
    if kept.cohort < ENOUGH and count >= min(ENOUGH, 2 * kept.cohort) and count > kept.cohort:
        return True
    if not is_patient or now - kept.built_at < FRESH or count < kept.runs // 2:
        return False
    return not kept.newest_at or bool(run_prepared(_NEWER, [team_id, execution.workflow_id, kept.newest_at]))


def _build(
    team_id: UUID,
    execution: ExecutionRecord,
    shared: Mapping[str, int | None],
    same: Sequence[str],
    words: str,
    count: int,
    now: datetime,
) -> Compared:
    runs, newest_at = healthy_runs(team_id, execution, shared, same)
    if len(runs) < min(count, AT_MOST):
        words += f"; {len(runs)} of them were read, because they have many steps"
    reference = build_reference(runs, words)
    params: dict[str, Any] = {
        "team": team_id,
        "id": reference_id(execution, shared, same),
        "workflow": execution.workflow_id,
        "document": _pack(reference),
        "runs": reference.runs,
        "cohort": count,
        "basis": words,
        "built_at": now,
        "newest_at": newest_at,
    }
    # Without any there is nothing to keep: the next look may find one.
    if reference.runs:
        run_prepared(_SAVE, params)
    return _compared(reference, tuple(same), now)


def _compared(reference: Reference, same: tuple[str, ...], built_at: datetime) -> Compared:
    return Compared(reference.runs, same, built_at, reference)


def _pack(reference: Reference) -> bytes:
    return zstandard.ZstdCompressor(level=LEVEL).compress(msgspec.json.encode(reference))


def _unpack(document: bytes) -> Reference:
    text = zstandard.ZstdDecompressor().decompress(bytes(document), max_output_size=MAX_DOCUMENT_BYTES)
    return msgspec.json.decode(text, type=Reference)
