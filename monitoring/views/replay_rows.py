"""The timeline's rows, and the table of what came after the first failed step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from monitoring import wording
from monitoring.analysis.timeline import pause_before
from monitoring.presentation import TimelineRow
from monitoring.reads.replay_records import StepRecord
from monitoring.templatetags.components import KIND_ICONS
from monitoring.views.replay_answers import MAX_WORDS, shorten
from monitoring.views.replay_marks import Marks
from monitoring.views.replay_path import PathWords
from monitoring.views.replay_scene import Address, Scene

ROWS = 100
MAX_AFTER = 50
MAX_DEPTH = 3
# Longer than usual by this much is said beside the duration.
SLOW = 1.5


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows in view out of `total`, the first of them number `start` (from 0), and the ways to the others."""

    rows: Sequence[TimelineRow]
    start: int
    total: int
    previous_href: str
    next_href: str
    has_usual: bool
    path_sentence: str = ""
    has_path: bool = False

    @property
    def shown(self) -> str:
        """Which rows these are, in words."""
        first, last = wording.count(self.start + 1), wording.count(self.start + len(self.rows))
        words = _("{first}\N{EN DASH}{last} of {total} steps")
        return words.format(first=first, last=last, total=wording.count(self.total))


@dataclass(frozen=True, slots=True)
class After:
    """A step that came after the first failed one."""

    step: StepRecord
    href: str


def timeline(
    scene: Scene,
    address: Address,
    current: int | None,
    usual: Mapping[str, tuple[float, float]],
    params: Mapping[str, str],
    marks: Marks,
    path: PathWords | None = None,
) -> Rows:
    """The rows of one page of the timeline: the one asked for, else the one with the current step."""
    place = next((number for number, at in enumerate(scene.order) if at.index == current), 0)
    start = _start(params.get("rows", ""), len(scene.order), place)
    page = scene.order[start : start + ROWS]
    shares = path.shares if path else {}
    rows = [
        replace(
            _row(scene, address, at.index, at.depth, at.index == current, usual),
            status=marks.status_of(scene, at.index),
            critical_share=shares.get(at.index),
        )
        for at in page
    ]
    return Rows(
        rows=rows,
        start=start,
        total=len(scene.order),
        previous_href=address.href(rows=max(start - ROWS, 0), fragment="timeline") if start else "",
        next_href=address.href(rows=start + ROWS, fragment="timeline") if start + ROWS < len(scene.order) else "",
        has_usual=any(row.usual for row in rows),
        path_sentence=path.sentence if path else "",
        has_path=bool(shares),
    )


def after_rows(scene: Scene, address: Address) -> list[After]:
    """The first of the steps that came after the first failed one."""
    steps = [scene.replay.steps[index] for index in scene.after[:MAX_AFTER]]
    return [After(step, address.href(step.id, "step")) for step in steps]


def _start(asked: str, total: int, place: int) -> int:
    wanted = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else place
    last = max(total - 1, 0) // ROWS * ROWS
    return min(wanted // ROWS * ROWS, last)


def _row(
    scene: Scene,
    address: Address,
    index: int,
    depth: int,
    current: bool,
    usual: Mapping[str, tuple[float, float]],
) -> TimelineRow:
    step, visit = scene.replay.steps[index], scene.visits[index]
    length = visit.end_ms - visit.start_ms if visit.start_ms is not None and visit.end_ms is not None else None
    duration = step.duration_ms if step.duration_ms is not None else length
    pause = pause_before(scene.visits, scene.relations, index)
    range_ms = usual.get(step.node or "")
    return TimelineRow(
        name=step.name,
        status=step.word,
        start_ms=visit.start_ms,
        duration_ms=None if duration is None else max(duration, 0),
        href=address.href(step.id),
        icon=KIND_ICONS.get((step.kind or "").lower(), "box"),
        note=_note(step, duration, range_ms) if scene.has_clock else _said(step),
        depth=min(depth, MAX_DEPTH),
        current=current,
        usual=_drawn(range_ms, scene.span_ms - (visit.start_ms or 0)),
        waits=(pause,) if pause else (),
    )


def _note(step: StepRecord, duration_ms: float | None, usual: tuple[float, float] | None) -> str:
    if usual and duration_ms and usual[1] and duration_ms > SLOW * usual[1]:
        return _("{times} usual").format(times=wording.times(duration_ms / usual[1]))
    return _("attempt {number}").format(number=step.attempt) if step.attempt > 1 else ""


def _drawn(usual: tuple[float, float] | None, room_ms: float) -> tuple[float, float] | None:
    """The usual range as far as the axis reaches."""
    return (min(usual[0], room_ms), min(usual[1], room_ms)) if usual else None


def _said(step: StepRecord) -> str:
    """How a step without times is told from the next one: its error, else the text that it carried."""
    if step.error:
        return shorten(step.error, MAX_WORDS)
    values = [step.payload.get("output"), step.payload.get("input")]
    attributes = step.payload.get("attributes")
    if isinstance(attributes, Mapping):
        values += [attributes.get(name) for name in ("text", "content", "message")]
    return shorten(next((value for value in values if isinstance(value, str) and value), ""), MAX_WORDS)
