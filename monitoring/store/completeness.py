"""How whole a workflow's reports are: told by the source that reports it, kept with the workflow.

A workflow of which one source reports failures only, or samples, is marked so until that source is declared complete
or removed. Failures only is the stricter word: it stays when another source samples.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import connection

from monitoring.identity import workflow_id
from monitoring.models import Workflow

# One in how many executions is reported: the lowest and the highest number.
Range = tuple[float | None, float | None]

_MARK = """
UPDATE workflow w SET completeness = %(how)s, sample_rate = t.lowest, sample_rate_max = t.highest,
    completeness_from = %(source)s
FROM unnest(%(ids)s::uuid[], %(lowest)s::float8[], %(highest)s::float8[]) AS t(id, lowest, highest)
WHERE w.team_id = %(team)s AND w.id = t.id AND w.id = ANY(ARRAY(
    SELECT id FROM workflow WHERE team_id = %(team)s AND id = ANY(%(ids)s)
        AND (completeness = '' OR completeness_from = %(source)s
            OR (completeness = 'sampled' AND %(how)s = 'failures-only'))
    ORDER BY id FOR UPDATE))
    AND (w.completeness, w.sample_rate, w.sample_rate_max, w.completeness_from)
        IS DISTINCT FROM (%(how)s, t.lowest, t.highest, %(source)s)
"""


def mark_workflows(
    team_id: UUID, source_id: UUID, names: Iterable[str], completeness: str, sample_rate: float | None
) -> None:
    """Notes that a source that is not complete reports these workflows. Call it inside the team's context."""
    ranges: dict[UUID, Range] = {workflow_id(team_id, name): (sample_rate, sample_rate) for name in names}
    _mark(team_id, source_id, completeness, ranges)


def mark_sampled(team_id: UUID, source_id: UUID, ranges: Mapping[UUID, Range]) -> None:
    """Notes at which rates a source samples these workflows. Call it inside the team's context."""
    _mark(team_id, source_id, "sampled", ranges)


def _mark(team_id: UUID, source_id: UUID, completeness: str, ranges: Mapping[UUID, Range]) -> None:
    ids = sorted(ranges)
    values: dict[str, Any] = {
        "team": team_id,
        "source": source_id,
        "how": completeness,
        "ids": ids,
        "lowest": [ranges[one][0] for one in ids],
        "highest": [ranges[one][1] for one in ids],
    }
    with connection.cursor() as cursor:
        cursor.execute(_MARK, values)


def clear_marks(source_id: UUID, but: Iterable[UUID] = ()) -> None:
    """Takes back what a source said of its workflows, but for these. Call it inside the team's context."""
    marked = Workflow.objects.filter(completeness_from=source_id).exclude(id__in=list(but))
    marked.update(completeness="", sample_rate=None, sample_rate_max=None, completeness_from=None)


def sources_of_marks() -> list[UUID]:
    """The sources because of which workflows count as sampled. Call it inside the team's context."""
    marked = Workflow.objects.filter(completeness="sampled").order_by("completeness_from")
    found = marked.values_list("completeness_from", flat=True).distinct()
    return [source_id for source_id in found if source_id is not None]
