"""The four questions of a replay and their answers: input, path, first failed step, what came after it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from monitoring import wording
from monitoring.analysis.divergence import Verdict
from monitoring.analysis.timeline import Visit
from monitoring.services.examination import Examined
from monitoring.statuses import ACTIVE
from monitoring.templatetags.components import SIGNS
from monitoring.views.replay_scene import Scene

MAX_WORDS = 90


@dataclass(frozen=True, slots=True)
class Answer:
    """One question of the strip. `step` is the name of a step, written after the answer; `hot` is the failure."""

    icon: str
    question: str
    text: str
    note: str = ""
    step: str = ""
    hot: bool = False


def answers(scene: Scene, found: Examined) -> list[Answer]:
    """All four, in the order in which they are asked. What was not compared is answered from the steps alone."""
    if not found.is_compared or found.divergence.verdict is Verdict.CANNOT_TELL:
        return [input_answer(scene), path_answer(scene), failure_answer(scene), after_answer(scene)]
    return [input_answer(scene), path_answer(scene), divergence_answer(scene, found), impact_answer(scene, found)]


def divergence_answer(scene: Scene, found: Examined) -> Answer:
    """The first divergent step, and what sets it apart."""
    question, first, hot = _("Which step diverged first?"), found.first, scene.replay.execution.has_failed
    if first is None:
        return Answer("flag", question, _("None: every step looks as usual"), _upper(found.divergence.because))
    usual = _("{kind}: {observed}. Usual: {usual}.") if first.usual else _("{kind}: {observed}.")
    note = usual.format(kind=_upper(_(first.kind.value)), observed=shorten(first.observed, 140), usual=first.usual)
    if first.step is None:
        return Answer("flag", question, _("Missing:"), note, step=first.node, hot=hot)
    step = scene.replay.steps[first.step]
    return Answer("flag", question, _("Step {number},").format(number=step.number), note, step=step.name, hot=hot)


def impact_answer(scene: Scene, found: Examined) -> Answer:
    """How many steps the divergence reached, and what was spent after it."""
    question, impact = _("What was affected downstream?"), found.impact
    if impact is None:
        return after_answer(scene)
    counts = [
        (len(impact.affected), _("{count} affected")),
        (len(impact.skipped), _("{count} skipped")),
        (len(impact.not_reached), _("{count} not reached")),
    ]
    said = ", ".join(words.format(count=wording.count(number)) for number, words in counts if number)
    total = sum(number for number, _words in counts)
    notes = []
    if impact.after_usd is not None:
        notes.append(_("{amount} spent after the divergence").format(amount=wording.usd(impact.after_usd)))
    if number := len(impact.repeated):
        again = ngettext(
            "{count} side effect that a retry would repeat", "{count} side effects that a retry would repeat", number
        )
        notes.append(again.format(count=wording.count(number)))
    return Answer("warn", question, f"{_steps(total)}: {said}" if total else _("Nothing"), ", ".join(notes))


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def input_answer(scene: Scene) -> Answer:
    """What went in, in a few words."""
    question = _("What was the input?")
    kind = scene.replay.execution.input_type or ""
    if not scene.replay.has_payloads:
        return Answer("hook", question, kind or _("Not shown"), _("Your role does not show payloads"))
    if scene.replay.is_expired:
        return Answer("hook", question, kind or _("Deleted"), _("Payload deleted by the retention rule"))
    if "input" not in scene.replay.payload:
        return Answer("hook", question, kind or _("Not told"), "" if kind else _("No input was reported"))
    size, words = describe(scene.replay.payload["input"])
    return Answer("hook", question, f"{kind}, {size[0].lower()}{size[1:]}" if kind else size, words)


def describe(value: Any) -> tuple[str, str]:
    """A value in words: how much it is, and how it begins."""
    if isinstance(value, Mapping):
        plain = [f"{key}: {shorten(one)}" for key, one in value.items() if isinstance(one, str | int | float | Decimal)]
        fields = ngettext("{count} field", "{count} fields", len(value)).format(count=wording.count(len(value)))
        return fields, shorten(", ".join(plain[:4]), MAX_WORDS)
    if isinstance(value, list):
        items = ngettext("{count} item", "{count} items", len(value)).format(count=wording.count(len(value)))
        return items, shorten(value[0], MAX_WORDS) if value else ""
    if isinstance(value, str):
        words = ngettext("Text of {count} character", "Text of {count} characters", len(value))
        return words.format(count=wording.count(len(value))), shorten(value, MAX_WORDS)
    return (_("Nothing") if value is None else _("One value")), "" if value is None else shorten(value)


def shorten(value: Any, limit: int = 40) -> str:
    """A value on one line of at most `limit` characters."""
    text = value if isinstance(value, str) else "true" if value is True else "false" if value is False else str(value)
    text = " ".join(text[: limit * 4].split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def path_answer(scene: Scene) -> Answer:
    """How many steps it took and how they lay."""
    question = _("Which path did it follow?")
    names = [visit.name for visit in scene.visits]
    if not names:
        return Answer("fork", question, _("No step was reported"), "")
    nodes = Counter(names)
    text = _steps(len(names))
    if len(nodes) < len(names):
        at = ngettext("{steps} at {count} node", "{steps} at {count} nodes", len(nodes))
        text = at.format(steps=text, count=wording.count(len(nodes)))
    name, times = nodes.most_common(1)[0]
    together = side_by_side(scene.visits, {index for index in scene.relations.container if index is not None})
    if together > 1:
        return Answer("fork", question, text, _("Up to {count} at the same time").format(count=together))
    if times > 1:
        note = _("Most often {step}, {times} times").format(step=shorten(name), times=times)
        return Answer("fork", question, text, note)
    first, last = scene.visits[scene.order[0].index].name, scene.visits[scene.order[-1].index].name
    note = _("From {first} to {last}").format(first=shorten(first), last=shorten(last))
    return Answer("fork", question, text, note if len(names) > 1 else "")


def side_by_side(visits: Sequence[Visit], around: set[int]) -> int:
    """The greatest number of steps at work at one time; steps that others ran inside (`around`) do not count."""
    changes: list[tuple[float, int]] = []
    for index, visit in enumerate(visits):
        if index not in around and visit.start_ms is not None and visit.end_ms is not None:
            changes += [(visit.start_ms, 1), (visit.end_ms, -1)] if visit.end_ms > visit.start_ms else []
    most = now = 0
    for _at, change in sorted(changes):
        now += change
        most = max(most, now)
    return most


def failure_answer(scene: Scene) -> Answer:
    """The first failed step and its error; the healthy run is not looked at here."""
    question = _("Which step failed first?")
    execution, step = scene.replay.execution, scene.first_step
    if step is None:
        if not execution.has_failed:
            word = _("No step has failed so far") if execution.status in ACTIVE else _("No step failed")
            return Answer("flag", question, word if scene.visits else _("No step was reported"))
        return Answer("flag", question, _("The execution itself"), _error_words(execution.error), hot=True)
    words = _error_words(step.error or (execution.error if execution.has_failed else None))
    if retries := scene.retries:
        last = retries[-1]
        words = _("{error}. Tried {times} times, the last one {outcome}").format(
            error=words, times=len(retries) + 1, outcome=SIGNS[last.word].word.lower()
        )
    elif not execution.has_failed:
        words = _("{error}. The execution went on").format(error=words)
    place = _("Step {number},").format(number=step.number)
    return Answer("flag", question, place, words, step=step.name, hot=execution.has_failed)


def _error_words(error: str | None) -> str:
    return shorten(error, 140) if error else _("No error text was reported")


def after_answer(scene: Scene) -> Answer:
    """What the later steps came to, and what they cost."""
    question = _("What came after it?")
    if scene.first is None:
        return Answer("warn", _("How did its steps end?"), _ends(Counter(visit.status for visit in scene.visits)))
    if not scene.after:
        return Answer("warn", question, _("Nothing: no step began after it"))
    counts = Counter(scene.visits[index].status for index in scene.after)
    costs = [cost for index in scene.after if (cost := scene.replay.steps[index].cost_usd) is not None]
    spent = _("{amount} spent after it").format(amount=wording.usd(sum(costs, Decimal(0)))) if costs else ""
    return Answer("warn", question, _ends(counts), spent)


def _ends(counts: Mapping[str, int]) -> str:
    total = sum(counts.values())
    if not total:
        return _("No step was reported")
    if len(counts) > 1:
        return f"{_steps(total)}: {_outcomes(counts)}"
    (word,) = counts
    if word == "unknown":
        return _("{steps}, outcome not told").format(steps=_steps(total))
    words = ngettext("{count} step, {outcome}", "{count} steps, all {outcome}", total)
    return words.format(count=wording.count(total), outcome=SIGNS[word].word.lower())


def _outcomes(counts: Mapping[str, int]) -> str:
    order = ("failed", "timed_out", "skipped", "cancelled", "running", "waiting", "queued", "succeeded", "unknown")
    words = {word: SIGNS[word].word.lower() for word in order}
    words |= {"unknown": _("not told"), "queued": _("not reached")}
    return ", ".join(f"{wording.count(counts[word])} {words[word]}" for word in order if counts.get(word))


def _steps(number: int) -> str:
    return ngettext("{count} step", "{count} steps", number).format(count=wording.count(number))
