"""What reports say themselves about sampling: kept by workflow and day as the evidence, and told to the workflows.

Nearly all requests say nothing and pay one look at an empty list. What somebody declared of a source, or what its kind
is by nature, goes before what is detected: the evidence is then kept, and marks nothing.
"""

import time
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max, Min

from accounts.tenancy import team_context
from ingestion.kinds import KINDS, Completeness, SourceKind
from ingestion.models import Source, SourceSampling
from ingestion.records import Sampled, SamplingOrigin
from ingestion.sources import SourceInfo
from monitoring.identity import workflow_id
from monitoring.store.completeness import Range, clear_marks, mark_sampled, sources_of_marks

REMEMBERED_SECONDS = 60.0
MAX_REMEMBERED = 50_000
# Evidence goes, and its mark with it, when no report said so for this long.
KEPT_DAYS = 30
_About = tuple[str, SamplingOrigin]
# What this process wrote down: (source, workflow, origin, day) to the range of N, and until when it is enough.
_noted: dict[tuple[UUID, str, SamplingOrigin, date], tuple[float, float, float]] = {}

_NOTE = """
INSERT INTO source_sampling AS s (team_id, id, source_id, workflow_id, origin, day, lowest, highest, told, last_at)
SELECT %(team)s, gen_random_uuid(), %(source)s, t.workflow_id, t.origin, %(day)s, t.lowest, t.highest, t.told, %(now)s
FROM unnest(%(workflows)s::uuid[], %(origins)s::text[], %(lowest)s::float8[], %(highest)s::float8[], %(told)s::text[])
    AS t(workflow_id, origin, lowest, highest, told)
ORDER BY t.workflow_id, t.origin
ON CONFLICT (team_id, source_id, workflow_id, origin, day) DO UPDATE SET
    lowest = LEAST(s.lowest, EXCLUDED.lowest), highest = GREATEST(s.highest, EXCLUDED.highest),
    told = EXCLUDED.told, last_at = GREATEST(s.last_at, EXCLUDED.last_at)
"""


class _Seen:
    """The range of one workflow's rates in a request, with the last thing that was told."""

    __slots__ = ("highest", "lowest", "told")

    def __init__(self, one: Sampled) -> None:
        self.lowest = self.highest = one.rate.one_in
        self.told = one.rate.told

    def add(self, one: Sampled) -> None:
        self.lowest, self.highest = min(self.lowest, one.rate.one_in), max(self.highest, one.rate.one_in)
        self.told = one.rate.told


def forget_notes() -> None:
    """Empties what this process remembers: after a source was changed here, and for tests."""
    _noted.clear()


def note_sampling(source: SourceInfo, sampled: Iterable[Sampled], now: datetime) -> None:
    """Keeps what a request says about sampling, in a transaction of its own, unless it says nothing new."""
    seen: dict[_About, _Seen] = {}
    for one in sampled:
        about = one.workflow, one.rate.origin
        if about in seen:
            seen[about].add(one)
        else:
            seen[about] = _Seen(one)
    day, clock = now.date(), time.monotonic()
    fresh = {about: told for about, told in seen.items() if not _is_noted((source.id, *about, day), told, clock)}
    if not fresh:
        return
    _keep(source, fresh, now)
    if len(_noted) > MAX_REMEMBERED:
        _noted.clear()
    for about, told in fresh.items():
        lowest, highest, _ = _noted.get((source.id, *about, day), (told.lowest, told.highest, 0.0))
        until = clock + REMEMBERED_SECONDS
        _noted[source.id, *about, day] = min(lowest, told.lowest), max(highest, told.highest), until


def _is_noted(key: tuple[UUID, str, SamplingOrigin, date], one: _Seen, clock: float) -> bool:
    lowest, highest, until = _noted.get(key, (0.0, 0.0, 0.0))
    return until > clock and lowest <= one.lowest and one.highest <= highest


def _keep(source: SourceInfo, seen: dict[_About, _Seen], now: datetime) -> None:
    """The row of the source is held still, so that a change of its settings is before or after this, and not amid."""
    ids = {name: workflow_id(source.team_id, name) for name, _ in seen}
    with team_context(source.team_id):
        row = Source.objects.select_for_update().filter(id=source.id).first()
        if row is None:
            return
        values: dict[str, Any] = {
            "team": source.team_id,
            "source": source.id,
            "day": now.date(),
            "now": now,
            "workflows": [ids[name] for name, _ in seen],
            "origins": [origin.value for _, origin in seen],
            "lowest": [one.lowest for one in seen.values()],
            "highest": [one.highest for one in seen.values()],
            "told": [one.told for one in seen.values()],
        }
        with connection.cursor() as cursor:
            cursor.execute(_NOTE, values)
        if is_detectable(row):
            ranges = _ranges(row.id, ids.values())
            mark_sampled(row.team_id, row.id, {one: told for one, told in ranges.items() if _is_sampled(told)})


def is_detectable(source: Source) -> bool:
    """Whether what is detected counts: nobody declared anything, and the source's kind says nothing stricter."""
    return not source.completeness and KINDS[SourceKind(source.kind)].completeness == Completeness.COMPLETE


def mark_detected(source: Source) -> None:
    """Makes the marks of a source's workflows what its evidence says. Call it inside the team's context."""
    ranges = _ranges(source.id) if is_detectable(source) else {}
    sampled = {one: told for one, told in ranges.items() if _is_sampled(told)}
    clear_marks(source.id, but=sampled)
    mark_sampled(source.team_id, source.id, sampled)


def refresh_detected(team_id: UUID) -> None:
    """Takes marks back whose evidence has gone with time."""
    with team_context(team_id):
        for source in Source.objects.filter(id__in=sources_of_marks()).order_by("id"):
            if is_detectable(source):
                mark_detected(source)


def _ranges(source_id: UUID, workflows: Iterable[UUID] | None = None) -> dict[UUID, Range]:
    found = SourceSampling.objects.filter(source_id=source_id)
    if workflows is not None:
        found = found.filter(workflow_id__in=set(workflows))
    rows = found.order_by().values_list("workflow_id").annotate(Min("lowest"), Max("highest"))
    return {workflow: (lowest, highest) for workflow, lowest, highest in rows}


def _is_sampled(told: Range) -> bool:
    """Whether anything was left out: one in 1 says that nothing was."""
    return told[1] is not None and told[1] > 1
