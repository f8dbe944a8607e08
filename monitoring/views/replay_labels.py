"""What the boxes of the path graph say, and how much of it fits."""

from collections.abc import Iterable, Sequence
from unicodedata import east_asian_width

from django.utils.translation import gettext as _

from monitoring import wording
from monitoring.analysis.path import PathNode
from monitoring.reads.replay_records import StepRecord
from monitoring.views.replay_scene import Scene

# A letter is this wide on average (px): texts are cut without measuring them.
LETTER, SMALL_LETTER = 7.3, 6.1
PADDING = 24
MIN_WIDTH, MAX_WIDTH = 124, 216


def node_texts(node: PathNode, scene: Scene) -> tuple[str, str]:
    """The name of a box and the line below it."""
    steps = [scene.replay.steps[index] for index in node.members]
    name = node.name if node.kind == "node" else _("{count} steps").format(count=len(steps))
    inside = _("{count} steps inside").format(count=wording.count(len(node.inside))) if node.inside else ""
    duration = _duration(node, scene, together=_are_attempts(steps))
    parts = [part for part in (_first_words(node, steps), inside, duration) if part]
    return name, ", ".join(parts) or _("time not told")


def box_width(texts: Iterable[tuple[str, str]]) -> int:
    """The width of all boxes (px), so that the longest text fits if it can."""
    widest = 0.0
    for name, note in texts:
        widest = max(widest, _letters(name) * LETTER, _letters(note) * SMALL_LETTER)
    return round(min(max(widest + PADDING, MIN_WIDTH), MAX_WIDTH))


def cut_name(text: str, width: int) -> str:
    """The name, cut to a box of `width` px."""
    return _cut(text, (width - PADDING + 2) / LETTER)


def cut_note(text: str, width: int) -> str:
    """The line below the name, cut to a box of `width` px."""
    return _cut(text, (width - PADDING + 2) / SMALL_LETTER)


def _first_words(node: PathNode, steps: Sequence[StepRecord]) -> str:
    if node.kind == "run":
        return _("{first} to {last}").format(first=node.name, last=node.last_name)
    if node.kind == "parallel":
        return _("side by side")
    if len(steps) == 1:
        attempt = _("attempt {number}").format(number=steps[0].attempt)
        return (steps[0].kind or "") if steps[0].attempt == 1 else attempt
    if _are_attempts(steps):
        return _("{count} attempts").format(count=len(steps))
    failed = sum(step.has_failed for step in steps)
    words = _("{count} times, {failed} failed") if failed else _("{count} times")
    return words.format(count=len(steps), failed=failed)


def _are_attempts(steps: Sequence[StepRecord]) -> bool:
    return 1 < len(steps) <= max(step.attempt for step in steps)


def _duration(node: PathNode, scene: Scene, *, together: bool) -> str:
    """How long the node was at work: time side by side counts once, the pauses between attempts count too."""
    spans = sorted(
        (visit.start_ms, max(visit.start_ms, visit.end_ms))
        for visit in (scene.visits[index] for index in node.members)
        if visit.start_ms is not None and visit.end_ms is not None
    )
    if not spans:
        return ""
    if together:
        return wording.duration_ms(max(end for _start, end in spans) - spans[0][0])
    total, reached = 0.0, spans[0][0]
    for start, end in spans:
        total += max(end - max(start, reached), 0)
        reached = max(reached, end)
    return wording.duration_ms(total)


def _letters(text: str) -> float:
    """How many average letters wide a text is: those of East Asia count twice."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text[:300])


def _cut(text: str, letters: float) -> str:
    """The text, cut with an ellipsis where it would not fit."""
    if _letters(text) <= letters:
        return text
    kept, room = "", letters - 1
    for letter in text:
        room -= _letters(letter)
        if room < 0:
            break
        kept += letter
    return kept.rstrip() + "\N{HORIZONTAL ELLIPSIS}"
