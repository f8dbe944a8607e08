"""A replay made ready to look at: its steps in place and in time, the first failed one, and what came after it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import formats
from monitoring.analysis.timeline import Nested, Relations, Visit, axis_ms, first_failed, nest, relate
from monitoring.reads.analysed import earliest, visits_of
from monitoring.reads.replay_records import Deleted, Replay, StepRecord
from monitoring.reads.visits import since
from monitoring.statuses import ACTIVE

# Parameters of the replay's own; all others in the address are those of the pages that led here.
OWN = ("at", "tab", "rows", "part", "step", "download")


@dataclass(frozen=True, slots=True)
class Address:
    """Makes links of this replay that keep the range and filters of the page that led here."""

    path: str
    kept: str

    def href(self, step_id: int | None = None, fragment: str = "", **changes: str | int) -> str:
        """The replay at a step, with these parameters of its own."""
        told = {"at": step_id, **changes} if step_id is not None else changes
        query = "&".join(part for part in (self.kept, urlencode(told)) if part)
        return f"{self.path}{'?' if query else ''}{query}{'#' if fragment else ''}{fragment}"

    def other(self, slug: str, execution_id: uuid.UUID) -> str:
        """The replay of another execution, with the same range and filters."""
        return reverse("replay", args=[slug, execution_id]) + (f"?{self.kept}" if self.kept else "")


def address_of(path: str, params: QueryDict) -> Address:
    """The address of a replay at `path` that was asked for with these parameters."""
    kept = params.copy()
    for name in OWN:
        kept.pop(name, None)
    return Address(path, kept.urlencode())


@dataclass(frozen=True, slots=True)
class Scene:
    """A replay with everything that its parts share.

    `visits[i]` is `replay.steps[i]` as the analysis sees it, in ms since `zero` (the earliest time told); `order`
    is the reading order; `first` the index of the first failed step; `after` the indices of those that came after
    it; `span_ms` the length of the axis.
    """

    replay: Replay
    visits: Sequence[Visit]
    relations: Relations
    order: Sequence[Nested]
    zero: datetime | None
    span_ms: float
    first: int | None
    after: Sequence[int]

    @property
    def has_clock(self) -> bool:
        """Whether any step can be drawn on an axis of time."""
        return any(visit.start_ms is not None for visit in self.visits)

    @property
    def retries(self) -> list[StepRecord]:
        """The further attempts at the first failed step."""
        if self.first is None:
            return []
        found = range(len(self.visits))
        return [self.replay.steps[i] for i in found if _is_retry(self.visits, self.relations, self.first, i)]

    @property
    def first_step(self) -> StepRecord | None:
        """The first failed step."""
        return None if self.first is None else self.replay.steps[self.first]

    def step(self, step_id: str) -> int | None:
        """The index of the step that an address names by its number or by the sender's own id; None: no such step."""
        for index, step in enumerate(self.replay.steps):
            if step_id in (str(step.id), step.external_id):
                return index
        return None


def set_scene(replay: Replay) -> Scene:
    """Works out what the parts of the page share."""
    zero = earliest(replay)
    visits = visits_of(replay, zero)
    relations = relate(visits)
    order = nest(visits, relations)
    first = first_failed(visits, relations)
    return Scene(
        replay=replay,
        visits=visits,
        relations=relations,
        order=order,
        zero=zero,
        span_ms=axis_ms(_length_ms(replay, visits, zero)),
        first=first,
        after=_after(visits, relations, order, first),
    )


def missing_parts(scene: Scene) -> list[str]:
    """What is not known about this execution, in sentences; empty when all is."""
    execution, steps = scene.replay.execution, scene.replay.steps
    said = []
    if not execution.has_clock:
        said.append(_("Time not told: the steps are in the order of their sender and nothing is measured."))
    if execution.is_shifted:
        said.append(_("Sample: its times were moved to end now. Durations and order are as told."))
    if execution.status in ACTIVE:
        said.append(_("No finish received yet: this is what is known so far."))
    if scene.replay.is_expired:
        said.append(_expired_words(scene.replay.deleted))
    elif scene.replay.deleted is not None:
        words = _("Payload deleted on {day} by the {limit}-day rule; figures are kept.")
        said.append(words.format(**_rule(scene.replay.deleted)))
    elif execution.step_count > len(steps):
        words = _("{missing} of {count} steps are not here.")
        said.append(words.format(missing=execution.step_count - len(steps), count=execution.step_count))
    without = sum(step.started_at is None for step in steps)
    if scene.has_clock and without:
        words = ngettext(
            "{missing} of {count} steps has no times.", "{missing} of {count} steps have no times.", without
        )
        said.append(words.format(missing=without, count=len(steps)))
    if scene.zero and execution.has_clock and execution.started_at and scene.zero < execution.started_at:
        said.append(_("Some steps are told to begin before the execution: the clocks of its senders differ."))
    return said


def _expired_words(deleted: Deleted | None) -> str:
    """By which rule all went; the day only where the log of retention has it."""
    if deleted is None:
        return _("Steps, payload and log were deleted by the retention rule. The figures are kept.")
    words = _("Steps, payload and log were deleted on {day} by the {limit}-day rule. The figures are kept.")
    return words.format(**_rule(deleted))


def _rule(deleted: Deleted) -> dict[str, str | int]:
    return {"day": formats.day(deleted.at), "limit": deleted.limit_days}


def _length_ms(replay: Replay, visits: Sequence[Visit], zero: datetime | None) -> float:
    ends = [visit.end_ms for visit in visits if visit.end_ms is not None]
    ends += [visit.start_ms for visit in visits if visit.start_ms is not None]
    execution = replay.execution
    if execution.has_clock:
        finish = since(execution.finished_at, zero)
        ends.append(finish if finish is not None else execution.duration_ms or 0)
    return max([*ends, 1.0])


def _after(visits: Sequence[Visit], relations: Relations, order: Sequence[Nested], first: int | None) -> list[int]:
    """The steps that began after the first failed one, in reading order.

    Those that it ran inside, those inside it and its own further attempts are left out: they are the same failure.
    """
    if first is None:
        return []
    place = {at.index: number for number, at in enumerate(order)}
    starts: dict[int, float | None] = {}
    inside = {first}
    for at in order:
        own = visits[at.index].start_ms
        starts[at.index] = own if own is not None or at.parent is None else starts[at.parent]
        if at.parent in inside:
            inside.add(at.index)
    around = _around(relations, first)
    return [
        at.index
        for at in order
        if at.index not in inside
        and at.index not in around
        and not _is_retry(visits, relations, first, at.index)
        and _is_later(starts[at.index], starts[first], place[at.index] > place[first])
    ]


def _around(relations: Relations, index: int) -> set[int]:
    """The steps that this one ran inside."""
    found: set[int] = set()
    above = relations.container[index]
    while above is not None:
        found.add(above)
        above = relations.container[above]
    return found


def _is_later(start: float | None, reference: float | None, is_below: bool) -> bool:
    """Whether a step began later: by its time; where times are missing or equal by its place."""
    return is_below if start is None or reference is None or start == reference else start > reference


def _is_retry(visits: Sequence[Visit], relations: Relations, first: int, index: int) -> bool:
    """Whether this is a further attempt at the first failed step."""
    again, failed = visits[index], visits[first]
    same_place = again.name == failed.name and relations.container[index] == relations.container[first]
    return same_place and again.attempt > failed.attempt
