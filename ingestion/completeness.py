"""Telling workflows how whole their reports are: where a source that is not complete reports them.

Complete sources, which nearly all are, pay one comparison a request; the others one look a minute and workflow.
"""

import time
from uuid import UUID

from accounts.tenancy import team_context
from ingestion.kinds import Completeness, SourceKind, effective_completeness
from ingestion.models import Source
from ingestion.records import Decoded
from ingestion.sources import SourceInfo
from monitoring.store.completeness import mark_workflows

REMEMBERED_SECONDS = 60.0
MAX_REMEMBERED = 50_000
# Until when this process need not look again: (source, workflow, what the source was then).
_noted: dict[tuple[UUID, str, str, int | None], float] = {}


def forget_notes() -> None:
    """Empties what this process remembers: after a source was changed here, and for tests."""
    _noted.clear()


def note_completeness(source: SourceInfo, decoded: Decoded) -> None:
    """Marks the workflows of a request whose source is not complete, in a transaction of its own."""
    if source.completeness == Completeness.COMPLETE:
        return
    now = time.monotonic()
    names = {report.workflow for _, report in decoded.reports if report.workflow}
    keys = {name: (source.id, name, source.completeness, source.sample_rate) for name in names}
    fresh = [name for name in names if _noted.get(keys[name], 0.0) < now]
    if not fresh:
        return
    _mark(source, fresh)
    if len(_noted) > MAX_REMEMBERED:
        _noted.clear()
    _noted.update({keys[name]: now + REMEMBERED_SECONDS for name in fresh})


def _mark(source: SourceInfo, names: list[str]) -> None:
    """What this process remembers of the source may be seconds old: the row, held still, says what it is now."""
    with team_context(source.team_id):
        row = Source.objects.select_for_update().filter(id=source.id).first()
        if row is None:
            return
        how = effective_completeness(SourceKind(row.kind), row.completeness)
        if how != Completeness.COMPLETE:
            mark_workflows(source.team_id, source.id, names, how.value, row.sample_rate)
