"""One failure group: what it is, its releases, its course, and what the diagnoses of its executions say together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.statements import run_prepared
from monitoring.analysis.cause import Facts
from monitoring.analysis.ranges import Place, Side
from monitoring.analysis.signals import Divergence
from monitoring.reads.cause_facts import Course
from monitoring.reads.labels import label_values
from monitoring.reads.merged import is_member, roots_of

# A group's facts rest on the diagnoses of its newest executions.
MAX_DIAGNOSES = 200
MAX_RELEASES = 20

_DIAGNOSES = f"""SELECT id, cause, facts, input_digest, first_node, symptom_node, cause_node, kind, counted_at
    FROM diagnosis WHERE team_id = %(team)s AND {is_member("failure_group_id")}
    ORDER BY counted_at DESC, id LIMIT {MAX_DIAGNOSES}"""
_RELEASES = f"""SELECT release_id, count(*), min(counted_at), max(counted_at) FROM execution
    WHERE team_id = %(team)s AND {is_member("failure_group_id")} GROUP BY 1
    ORDER BY max(counted_at) DESC LIMIT {MAX_RELEASES}"""
_PARTS = f"""SELECT g.id, g.title, g.workflow_id, l.value, g.first_seen_at, g.last_seen_at
    FROM failure_group g LEFT JOIN label l ON l.team_id = g.team_id AND l.id = g.node_id
    WHERE g.team_id = %(team)s AND {is_member("g.id")} ORDER BY g.id <> %(group)s, g.last_seen_at DESC, g.id"""


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
class Part:
    """Failures with one fingerprint that count as a group, alone or merged. `node` is None where none was told."""

    id: UUID
    title: str
    workflow_id: UUID | None
    node: str | None
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """A failure group with its names; `merged` are those that count as it. `node` is None where none was told."""

    id: UUID
    title: str
    workflow_id: UUID | None
    node: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    merged: Sequence[Part] = ()


def find_group(team_id: UUID, group_id: UUID) -> Group | None:
    """The group of the team with this id; of a merged one the group that it counts as. Two queries."""
    root = roots_of(team_id, [group_id])[group_id]
    rows = [Part(*row) for row in run_prepared(_PARTS, {"team": team_id, "group": root})]
    if not rows:
        return None
    # The first one is the group's own, as long as it has failures of its own.
    return Group(
        root,
        rows[0].title,
        rows[0].workflow_id,
        rows[0].node,
        min(row.first_seen_at for row in rows),
        max(row.last_seen_at for row in rows),
        [row for row in rows if row.id != root],
    )


def releases_of(team_id: UUID, group_id: UUID) -> list[InRelease]:
    """The releases in which the group occurs, as far as records are kept, the latest first."""
    rows = run_prepared(_RELEASES, {"team": team_id, "group": group_id})
    names = label_values(team_id, {row[0] for row in rows})
    return [InRelease(names.get(id), count, first, last) for id, count, first, last in rows]


def diagnoses_of(team_id: UUID, group_id: UUID) -> list[Diagnosed]:
    """The diagnoses of its newest executions."""
    return [Diagnosed(*row) for row in run_prepared(_DIAGNOSES, {"team": team_id, "group": group_id})]


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
