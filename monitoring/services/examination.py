"""What is found out about one execution: its first divergence from the healthy reference, and the impact of that.

An execution of many steps is examined once and what was found is kept (`Examination`), until more of it is told.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import zstandard
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.statements import run_prepared
from monitoring import wording
from monitoring.analysis.cohort import ENOUGH
from monitoring.analysis.condense import draw_path
from monitoring.analysis.critical_path import CriticalPath, critical_path
from monitoring.analysis.divergence import Divergence, Missing, Verdict, find_divergence, missing_nodes
from monitoring.analysis.evidence import Evidence
from monitoring.analysis.impact import Impact, Relative, hit_relatives, measure_impact
from monitoring.analysis.path import PathGraph
from monitoring.analysis.reference import MIN_SUPPORT
from monitoring.analysis.steps import Run
from monitoring.analysis.timeline import Relations, first_failed, nest, relate
from monitoring.reads.analysed import earliest, run_of
from monitoring.reads.replay import related
from monitoring.reads.replay_records import ExecutionRecord, Related, Replay
from monitoring.reads.visits import since
from monitoring.services.references import Compared, reference_for

# With fewer steps, examining takes no longer than reading what was found.
KEPT_FROM = 100
# What was compared with few executions is compared again after this time: there may be more.
FRESH = timedelta(hours=1)
# Longer executions have no critical path: finding it would take most of the time of the page.
MAX_ON_PATH = 10_000
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024

_STORED = "SELECT document, computed_at FROM examination WHERE team_id = %s AND id = %s AND version = %s"
# Two that examine at once write the same.
_SAVE = """INSERT INTO examination (team_id, id, version, document, computed_at) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (team_id, id) DO UPDATE SET version = EXCLUDED.version, document = EXCLUDED.document,
    computed_at = EXCLUDED.computed_at RETURNING id"""


@dataclass(frozen=True, slots=True)
class Examined:
    """The findings. `related` are the execution's attempts, parent and children; `compared` is None without any.

    `missing` are nodes that did not run, `path` the critical path, `graph` the path that was followed, small enough to
    look at. Steps are indices into the replay's.
    """

    compared: Compared | None
    divergence: Divergence
    missing: Sequence[Missing]
    impact: Impact | None
    path: CriticalPath
    graph: PathGraph
    related: Sequence[Related]

    @property
    def is_compared(self) -> bool:
        """Whether there were enough healthy executions to compare with."""
        return self.compared is not None and self.compared.runs >= MIN_SUPPORT

    @property
    def first(self) -> Evidence | None:
        """The plainest evidence of the first divergent step."""
        return self.divergence.first[0] if self.has_diverged else None

    @property
    def has_diverged(self) -> bool:
        """Whether a first divergence was found."""
        return self.divergence.verdict is Verdict.DIVERGED and bool(self.divergence.first)


class _Document(msgspec.Struct, array_like=True):
    """What is kept: `first`, `cause` and `symptom` are indices into `evidence`."""

    runs: int | None
    same: tuple[str, ...]
    built_at: datetime | None
    verdict: Verdict
    because: str
    evidence: list[Evidence]
    first: list[int]
    cause: int | None
    symptom: int | None
    missing: list[Missing]
    impact: Impact | None
    path: CriticalPath
    graph: PathGraph


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Document).decode


def examine(team_id: UUID, replay: Replay, now: datetime, *, is_patient: bool = False) -> Examined:
    """Compares an execution with its reference. The number of queries does not depend on its steps.

    Who `is_patient` has an old reference made again, and does not take what was kept.
    """
    belonging = related(team_id, replay.execution)
    relatives = hit_relatives(
        Relative(str(one.id), role_of(replay.execution, one), one.status.word)
        for one in belonging
        if one.id != replay.execution.id
    )
    # Who may not see payloads is shown what can be found out without them.
    is_kept = len(replay.steps) >= KEPT_FROM and replay.has_payloads
    found = _stored(team_id, replay, now) if is_kept and not is_patient else None
    if found is None:
        # What is kept is read in any language: its words are English.
        with override("en") if is_kept else nullcontext():
            found = _work_out(team_id, replay, now, is_patient=is_patient)
        if is_kept:
            packed = zstandard.ZstdCompressor(level=1).compress(_encode(_document(found)))
            run_prepared(_SAVE, [team_id, replay.execution.id, replay.version, packed, now])
    impact = replace(found.impact, relatives=relatives) if found.impact else None
    return replace(found, impact=impact, related=belonging)


def role_of(execution: ExecutionRecord, other: Related) -> str:
    """How another execution belongs to this one: `parent`, `retry` (another attempt) or `child`."""
    if other.id == execution.parent_execution_id:
        return "parent"
    return "retry" if other.origin_id == execution.origin_id else "child"


def _work_out(team_id: UUID, replay: Replay, now: datetime, *, is_patient: bool) -> Examined:
    zero = earliest(replay)
    run = run_of(replay, zero)
    compared = reference_for(team_id, replay.execution, now, is_patient=is_patient)
    told = find_divergence(run, compared.reference if compared else None)
    relations = relate(run.steps)
    is_flagged = compared and compared.runs >= MIN_SUPPORT and told.verdict is Verdict.DIVERGED and told.first
    flag = told.first[0].step if is_flagged else first_failed(run.steps, relations)
    answer = Divergence(told.verdict, told.because, told.first, told.cause, told.symptom, told.evidence)
    return Examined(
        compared=compared,
        divergence=answer,
        missing=missing_nodes(told),
        impact=measure_impact(run, told),
        path=_path(replay, run, relations, zero),
        graph=draw_path(run.steps, flag, relations=relations, order=nest(run.steps, relations)),
        related=(),
    )


def _path(replay: Replay, run: Run, relations: Relations, zero: datetime | None) -> CriticalPath:
    """The steps that decided when the execution ended."""
    execution = replay.execution
    if len(run.steps) > MAX_ON_PATH:
        reason = _("it has more than {count} steps").format(count=wording.count(MAX_ON_PATH))
        return CriticalPath((), reason=reason)
    if not execution.has_clock:
        return critical_path(run.steps, relations=relations)
    start, end = since(execution.started_at, zero), since(execution.finished_at, zero)
    return critical_path(run.steps, start, end, relations)


def _stored(team_id: UUID, replay: Replay, now: datetime) -> Examined | None:
    """What was kept of this very state of the execution."""
    rows = run_prepared(_STORED, [team_id, replay.execution.id, replay.version])
    if not rows:
        return None
    packed, computed_at = rows[0]
    kept = _decode(zstandard.ZstdDecompressor().decompress(bytes(packed), max_output_size=MAX_DOCUMENT_BYTES))
    if (kept.runs or 0) < ENOUGH and now - computed_at >= FRESH:
        return None
    evidence = kept.evidence
    return Examined(
        compared=None if kept.runs is None or not kept.built_at else Compared(kept.runs, kept.same, kept.built_at),
        divergence=Divergence(
            kept.verdict,
            kept.because,
            [evidence[number] for number in kept.first],
            None if kept.cause is None else evidence[kept.cause],
            None if kept.symptom is None else evidence[kept.symptom],
            evidence,
        ),
        missing=kept.missing,
        impact=kept.impact,
        path=kept.path,
        graph=kept.graph,
        related=(),
    )


def _document(found: Examined) -> _Document:
    told, compared = found.divergence, found.compared
    place = {id(item): number for number, item in enumerate(told.evidence)}
    return _Document(
        runs=compared.runs if compared else None,
        same=compared.same if compared else (),
        built_at=compared.built_at if compared else None,
        verdict=told.verdict,
        because=told.because,
        evidence=list(told.evidence),
        first=[place[id(item)] for item in told.first],
        cause=place[id(told.cause)] if told.cause else None,
        symptom=place[id(told.symptom)] if told.symptom else None,
        missing=list(found.missing),
        impact=found.impact,
        path=found.path,
        graph=found.graph,
    )
