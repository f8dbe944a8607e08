"""One failure group: what it is, its releases, its course, and what the diagnoses of its executions say together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.statements import find_row, run_prepared
from monitoring.analysis.cause import Facts
from monitoring.analysis.ranges import Place, Side
from monitoring.analysis.signals import Divergence
from monitoring.models import FailureGroup
from monitoring.reads.cause_facts import Course
from monitoring.reads.labels import label_values

# A group's facts rest on the diagnoses of its newest executions.
MAX_DIAGNOSES = 200
MAX_RELEASES = 20
MAX_GROUPS = 200

_DIAGNOSES = f"""SELECT id, cause, facts, input_digest, first_node, symptom_node, cause_node, kind, counted_at
    FROM diagnosis WHERE team_id = %s AND failure_group_id = %s ORDER BY counted_at DESC, id LIMIT {MAX_DIAGNOSES}"""
_RELEASES = f"""SELECT release_id, count(*), min(counted_at), max(counted_at) FROM execution
    WHERE team_id = %s AND failure_group_id = %s GROUP BY 1
    ORDER BY max(counted_at) DESC LIMIT {MAX_RELEASES}"""


@dataclass(frozen=True, slots=True)
class InRelease:
    """Failures of the group in one release (None: not told)."""

    release: str | None
    failures: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """What one diagnosis says, as far as a group adds it up."""

    id: UUID
    cause: str
    facts: dict[str, Any]
    input_digest: int | None
    first_node: str
    symptom_node: str
    cause_node: str
    kind: str
    counted_at: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """A failure group with its names. `node` is None where no failing step was told."""

    id: UUID
    title: str
    workflow_id: UUID | None
    node: str | None
    first_seen_at: datetime
    last_seen_at: datetime


def find_group(team_id: UUID, group_id: UUID) -> Group | None:
    """The group of the team with this id."""
    row = find_row(FailureGroup, "team_id = %s AND id = %s", [team_id, group_id])
    if row is None:
        return None
    node = label_values(team_id, [row.node_id]).get(row.node_id or 0)
    return Group(row.id, row.title, row.workflow_id, node, row.first_seen_at, row.last_seen_at)


def latest_groups(team_id: UUID, workflow_id: UUID | None) -> list[Group]:
    """The groups of a workflow, or of all (None), those seen last first; at most `MAX_GROUPS`."""
    rows = FailureGroup.objects.filter(team_id=team_id)
    rows = rows.filter(workflow_id=workflow_id) if workflow_id else rows
    found = list(rows.order_by("-last_seen_at", "id")[:MAX_GROUPS])
    names = label_values(team_id, {row.node_id for row in found})
    return [
        Group(row.id, row.title, row.workflow_id, names.get(row.node_id or 0), row.first_seen_at, row.last_seen_at)
        for row in found
    ]


def releases_of(team_id: UUID, group_id: UUID) -> list[InRelease]:
    """The releases in which the group occurs, as far as records are kept, the latest first."""
    rows = run_prepared(_RELEASES, [team_id, group_id])
    names = label_values(team_id, {row[0] for row in rows})
    return [InRelease(names.get(id), count, first, last) for id, count, first, last in rows]


def diagnoses_of(team_id: UUID, group_id: UUID) -> list[Diagnosed]:
    """The diagnoses of its newest executions."""
    return [Diagnosed(*row) for row in run_prepared(_DIAGNOSES, [team_id, group_id])]


def facts_of_group(group: Group, diagnoses: Sequence[Diagnosed], course: Course) -> Facts:
    """What the diagnoses say together: counts are added up, of words the most frequent one counts."""
    told = [one.facts for one in diagnoses]
    same = _most_tried(diagnoses)
    others = max((one["others"] for one in told), key=lambda o: (o["failing"], o["calling"]), default=None)
    divergence = _usual([one["divergence"] for one in told])
    return Facts(
        error_message=group.title,
        status_code=_usual([one["status_code"] for one in told]),
        calls=_usual([one["calls"] for one in told]),
        same_input_failed=same[0],
        same_input_succeeded=same[1],
        others_calling=others["calling"] if others else 0,
        others_failing=others["failing"] if others else 0,
        coincidences=course.coincidences,
        by_bucket=course.by_bucket,
        retries_failed=sum(one["retries"]["failed"] for one in told),
        retries_succeeded=sum(one["retries"]["succeeded"] for one in told),
        duration=_usual_place([one["duration"] for one in told]),
        # Diagnoses that were made before these two were known do not tell them.
        waiting=_usual_place([one.get("waiting") for one in told]),
        open_incidents=next((words for one in told if (words := one.get("open_incidents"))), ()),
        memory_share=max((share for one in told if (share := one["memory_share"]) is not None), default=None),
        divergence=Divergence(divergence) if divergence else None,
    )


def _usual(values: Sequence[Any]) -> Any:
    """The value of at least half of those that told one; None without such a value."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    value, times = Counter(known).most_common(1)[0]
    return value if 2 * times >= len(known) else None


def _most_tried(diagnoses: Sequence[Diagnosed]) -> tuple[int, int]:
    """Of the input that was tried most: how often it failed and succeeded."""
    pairs = [(one.facts["same_input"]["failed"], one.facts["same_input"]["succeeded"]) for one in diagnoses]
    return max(pairs, key=lambda pair: (sum(pair), pair), default=(0, 0))


def _usual_place(places: Sequence[dict[str, str] | None]) -> Place | None:
    """Where most durations lie, in the words of one of them."""
    side = _usual([place["side"] for place in places if place])
    found = next((place for place in places if place and place["side"] == side), None)
    return Place(Side(side), 0.0, 0.0, 0.0, found["words"]) if found and side else None
