"""All attempts of an execution, and of each of its steps, as the story of retries sees them."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from accounts.statements import run_planned, run_prepared
from monitoring.analysis.fingerprint import normalise_error
from monitoring.analysis.retries import Attempt, Story, split_tries, tell_story
from monitoring.analysis.timeline import Visit
from monitoring.reads.analysed import input_digest, output_of
from monitoring.reads.labels import label_values
from monitoring.reads.places import in_places
from monitoring.reads.replay_records import StepRecord
from monitoring.statuses import Status
from monitoring.store.payloads import merge_own

MAX_ATTEMPTS = 20
MAX_STEPS = 5_000
# Payloads of attempts are read to tell whether their inputs are the same, up to this weight (bytes, packed).
MAX_PAYLOAD_BYTES = 1_000_000

_ATTEMPTS = f"""SELECT id, attempt, status, started_at, duration_ms, error_id, release_id, cost_usd, retention_class,
    anchor_day FROM execution WHERE team_id = %(team)s AND (id = %(origin)s OR (origin_id = %(origin)s
    AND origin_id <> id)) ORDER BY attempt, id LIMIT {MAX_ATTEMPTS}"""
_PLACES = "WHERE team_id = %(team)s AND execution_id = ANY(%(ids)s) AND {places}"
_STEPS = f"""SELECT execution_id, node_id, status FROM step {_PLACES} AND node_id IS NOT NULL
    ORDER BY started_at, position, id LIMIT {MAX_STEPS}"""
_BODIES = f"""SELECT execution_id, body FROM (
    SELECT execution_id, digest, body, sum(octet_length(body)) OVER (ORDER BY execution_id, digest) AS bytes
    FROM payload {_PLACES}) AS told WHERE bytes <= {MAX_PAYLOAD_BYTES} ORDER BY execution_id, digest"""


@dataclass(frozen=True, slots=True)
class StepStory:
    """The attempts at one step. `places` are the indices of the steps, in the order of the story's attempts."""

    name: str
    places: Sequence[int]
    story: Story


def step_stories(
    steps: Sequence[StepRecord], visits: Sequence[Visit], container: Sequence[int | None], only: int | None = None
) -> list[StepStory]:
    """The steps of an execution that were tried more than once, in the order of their first attempts.

    `visits[i]` is `steps[i]` as the analysis sees it, `container` says what each one ran inside: attempts are visits
    of one node inside the same step. `only` asks for what concerns the step of this index alone. No query.
    """
    retried = {(container[i], visits[i].name) for i, step in enumerate(steps) if step.attempt > 1}
    if only is not None:
        retried &= {(container[only], visits[only].name)}
    tries: defaultdict[tuple[int | None, str], list[int]] = defaultdict(list)
    for index, visit in enumerate(visits) if retried else ():
        if (key := (container[index], visit.name)) in retried:
            tries[key].append(index)
    found: list[StepStory] = []
    for (_, name), places in tries.items():
        attempts = [_try(steps[index], visits[index]) for index in places]
        for group in split_tries(attempts):
            story = tell_story(attempts[place] for place in group) if len(group) > 1 else None
            if story is not None and (only is None or only in [places[place] for place in group]):
                found.append(StepStory(name, [places[place] for place in group], story))
    return sorted(found, key=lambda one: one.places[0])


def _try(step: StepRecord, visit: Visit) -> Attempt:
    digest, (shape, _, _) = input_digest(step.payload), output_of(step.payload)
    took = step.duration_ms
    if took is None and visit.start_ms is not None and visit.end_ms is not None:
        took = visit.end_ms - visit.start_ms
    return Attempt(
        number=step.attempt,
        status=step.word,
        start_ms=visit.start_ms,
        duration_ms=took if took is not None and took >= 0 else None,
        error=normalise_error(step.error_type, step.error) or None,
        input_digest=None if digest is None else str(digest),
        cost_usd=None if step.is_covered else step.cost_usd,
        model=step.model,
        tokens=step.tokens.total,
        output_shape=shape,
    )


def attempts_of(team_id: uuid.UUID, origin_id: uuid.UUID) -> Sequence[tuple[uuid.UUID, Attempt]]:
    """The attempts with their execution ids, first one first; four queries, whatever their number."""
    rows = run_prepared(_ATTEMPTS, {"team": team_id, "origin": origin_id})
    if not rows:
        return []
    places, values = in_places((row[8], row[9]) for row in rows)
    values |= {"team": team_id, "ids": [row[0] for row in rows]}
    visits = run_planned(_STEPS.format(places=places), values)
    names = label_values(team_id, {id for row in rows for id in row[5:7]} | {visit[1] for visit in visits})
    steps: dict[uuid.UUID, dict[str, str]] = {}
    for execution, node, status in visits:
        if node in names:
            steps.setdefault(execution, {})[names[node]] = Status(status or 0).word
    digests = _digests(run_planned(_BODIES.format(places=places), values))
    return [(row[0], _attempt(row, names, steps.get(row[0], {}), digests.get(row[0]))) for row in rows]


def _digests(rows: Sequence[Sequence[Any]]) -> dict[uuid.UUID, str]:
    """What tells apart the inputs of executions; those that told none are missing."""
    bodies: dict[uuid.UUID, list[bytes]] = {}
    for id, body in rows:
        bodies.setdefault(id, []).append(body)
    told = {id: input_digest(merge_own(chunks)) for id, chunks in bodies.items()}
    return {id: str(digest) for id, digest in told.items() if digest is not None}


def _attempt(row: Sequence[Any], names: dict[int, str], steps: dict[str, str], digest: str | None) -> Attempt:
    _id, number, status, started_at, duration_ms, error_id, release_id, cost, _class, _day = row
    return Attempt(
        number=number,
        status=Status(status).word,
        start_ms=None if started_at is None else started_at.timestamp() * 1000,
        duration_ms=duration_ms,
        error=names.get(error_id),
        release=names.get(release_id),
        input_digest=digest,
        cost_usd=cost,
        steps=steps,
    )
