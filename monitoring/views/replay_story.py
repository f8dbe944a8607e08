"""Retries as one story: attempts of an execution or of a step side by side, and what changed from one to the next."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from accounts import formats
from monitoring import wording
from monitoring.analysis.retries import Attempt, Benefit, Change, Outcome, Story, Turn, sum_up, tell_story
from monitoring.joining import both
from monitoring.reads.attempts import StepStory, attempts_of, step_stories
from monitoring.reads.replay_records import ExecutionRecord
from monitoring.services.examination import Examined
from monitoring.views.replay_answers import shorten
from monitoring.views.replay_scene import Address, Scene

MAX_NODES = 5
MAX_STORIES = 50
# What changed, with what it was before and after; named alone where that stands beside it.
_CHANGES = {
    Change.STATUS: gettext_noop("status: {before}, then {after}"),
    Change.ERROR: gettext_noop("error: {before}, then {after}"),
    Change.RELEASE: gettext_noop("release: {before}, then {after}"),
    Change.MODEL: gettext_noop("model: {before}, then {after}"),
    Change.OUTPUT: gettext_noop("output shape: {before}, then {after}"),
}
_NAMED = {
    Change.INPUT: gettext_noop("another input"),
    Change.ERROR: gettext_noop("another error"),
    Change.OUTPUT: gettext_noop("another output shape"),
}


@dataclass(frozen=True, slots=True)
class AttemptColumn:
    """One attempt as it stands beside the others; `changed` says what is different from the one before."""

    attempt: Attempt
    href: str
    current: bool
    pause_ms: float | None
    changed: Sequence[str]


@dataclass(frozen=True, slots=True)
class StoryCard:
    """The story in a sentence, its attempts, and what they cost."""

    words: str
    columns: Sequence[AttemptColumn]


@dataclass(frozen=True, slots=True)
class RetriedStep:
    """A step that was tried again, in one row: how it ended, what the other attempts took, and what changed."""

    name: str
    number: int
    href: str
    word: str
    outcome: str
    attempts: int
    spent_ms: float | None
    paused_ms: float | None
    changed: Sequence[str]


@dataclass(frozen=True, slots=True)
class RetriedCard:
    """The steps that were tried again: all of them in a sentence, and the first `MAX_STORIES` as rows."""

    words: str
    rows: Sequence[RetriedStep]
    more: int


@dataclass(frozen=True, slots=True)
class Tries:
    """The attempts at a step side by side: a column each, and a row for all that is told of any of them."""

    words: str
    columns: Sequence[AttemptColumn]
    rows: Sequence[tuple[str, Sequence[str]]]


def story_card(
    team_id: uuid.UUID, found: Examined, execution: ExecutionRecord, slug: str, address: Address
) -> StoryCard | None:
    """The attempts of this execution; None where there is only one."""
    if sum(other.origin_id == execution.origin_id for other in found.related) < 2:
        return None
    told = attempts_of(team_id, execution.origin_id)
    ids = {attempt.number: id for id, attempt in told}
    story = tell_story(attempt for _, attempt in told)
    if story is None:
        return None
    return StoryCard(story_words(story), _columns(story, ids, execution.id, slug, address))


def _columns(
    story: Story, ids: Mapping[int, uuid.UUID], current: uuid.UUID, slug: str, address: Address
) -> list[AttemptColumn]:
    turns: list[Turn | None] = [None, *story.turns]
    return [
        AttemptColumn(
            attempt=attempt,
            href=address.other(slug, ids[attempt.number]),
            current=ids[attempt.number] == current,
            pause_ms=None if turn is None else turn.pause_ms,
            changed=[] if turn is None else changes(turn),
        )
        for attempt, turn in zip(story.attempts, turns, strict=True)
    ]


def changes(turn: Turn) -> list[str]:
    """What is different from the attempt before, in words."""
    found = []
    for change, (before, after) in turn.changes.items():
        if change is Change.INPUT:
            found.append(_("another input"))
        elif change is not Change.ERROR or (before and after):
            none = _("none")
            found.append(_(_CHANGES[change]).format(before=shorten(before or none), after=shorten(after or none)))
    found += amounts(turn)
    if turn.healed:
        found.append(_("no longer failed: {steps}").format(steps=", ".join(turn.healed[:MAX_NODES])))
    if turn.broken:
        found.append(_("failed now: {steps}").format(steps=", ".join(turn.broken[:MAX_NODES])))
    if turn.same_error:
        found.append(_("the same error"))
    return found or [_same()]


def _same() -> str:
    return _("nothing that was told")


def brief_changes(turn: Turn) -> list[str]:
    """The same where the attempts' own texts stand beside it: errors and outputs are not told twice."""
    return _told_changes(turn) or [_same()]


def _told_changes(turn: Turn) -> list[str]:
    told = turn.changes
    found = [_(words) for change, words in _NAMED.items() if change in told and None not in told[change]]
    if Change.STATUS in told:
        found.append(_("now {status}").format(status=told[Change.STATUS][1]))
    if Change.MODEL in told:
        before, after = told[Change.MODEL]
        found.append(_(_CHANGES[Change.MODEL]).format(before=before, after=after))
    found += [_("the same error")] if turn.same_error else []
    return found + amounts(turn)


def amounts(turn: Turn) -> list[str]:
    """How an attempt's duration and tokens compare with those of the one before, where they are notably apart."""
    pairs = (
        (turn.times_longer, _("took {share} of the time"), _("took {times} times as long")),
        (turn.times_tokens, _("used {share} of the tokens"), _("used {times} times the tokens")),
    )
    return [_compared(ratio, less, more) for ratio, less, more in pairs if ratio]


def _compared(ratio: float, less: str, more: str) -> str:
    if ratio < 1:
        return less.format(share=wording.percent(ratio, 0))
    return more.format(times=wording.count(ratio) if ratio >= 10 else formats.number(f"{ratio:.2g}"))


def retried_card(scene: Scene, address: Address) -> RetriedCard | None:
    """The steps of this execution that were tried again; None where there are none."""
    found = step_stories(scene.replay.steps, scene.visits, scene.relations.container)
    if not found:
        return None
    rows = [_retried_step(scene, one, address) for one in found[:MAX_STORIES]]
    return RetriedCard(benefit_words(sum_up(one.story for one in found)), rows, len(found) - len(rows))


def _retried_step(scene: Scene, one: StepStory, address: Address) -> RetriedStep:
    story, last = one.story, scene.replay.steps[one.places[-1]]
    changed = [words for turn in story.turns for words in _told_changes(turn)]
    return RetriedStep(
        name=one.name,
        number=last.number,
        href=address.href(last.id, "step", tab="attempts"),
        word=story.attempts[-1].status,
        outcome=_outcome_words(story),
        attempts=len(story.attempts),
        spent_ms=story.spent_ms or None,
        paused_ms=story.paused_ms or None,
        changed=list(dict.fromkeys(changed)) or [_same()],
    )


def benefit_words(benefit: Benefit) -> str:
    """`3 steps were tried again: 2 succeeded by it (at attempt 2: 1, at attempt 3: 1), 1 failed each time.`"""
    words = ngettext("{count} step was tried again", "{count} steps were tried again", benefit.retried)
    words = words.format(count=wording.count(benefit.retried))
    parts = []
    if benefit.saved:
        one = _("at attempt {number}: {times}")
        at = [one.format(number=number, times=times) for number, times in benefit.at_attempt.items() if number > 1]
        saved = _("{count} succeeded by it ({attempts})")
        parts.append(saved.format(count=wording.count(benefit.saved), attempts=", ".join(at)))
    if benefit.in_vain:
        parts.append(_("{count} failed each time").format(count=wording.count(benefit.in_vain)))
    return f"{words}: {', '.join(parts)}" if parts else words


def tries_of(scene: Scene, index: int, address: Address) -> Tries | None:
    """The attempts at the step of this index side by side; None where it was tried once."""
    found = step_stories(scene.replay.steps, scene.visits, scene.relations.container, only=index)
    if not found:
        return None
    (one,) = found
    turns: list[Turn | None] = [None, *one.story.turns]
    columns = [
        AttemptColumn(
            attempt=attempt,
            href=address.href(scene.replay.steps[place].id, "step", tab="attempts"),
            current=place == index,
            pause_ms=None if turn is None else turn.pause_ms,
            changed=[] if turn is None else brief_changes(turn),
        )
        for place, attempt, turn in zip(one.places, one.story.attempts, turns, strict=True)
    ]
    errors = [scene.replay.steps[place].error or "" for place in one.places]
    return Tries(story_words(one.story), columns, _rows(columns, errors))


def _rows(columns: Sequence[AttemptColumn], errors: Sequence[str]) -> list[tuple[str, Sequence[str]]]:
    """What is told of the attempts, by name; what none of them told is left out."""
    tries = [column.attempt for column in columns]
    digests = [one.input_digest for one in tries]
    rows = [
        (_("Pause before"), [_duration(column.pause_ms) for column in columns]),
        (_("Duration"), [_duration(one.duration_ms) for one in tries]),
        (_("Model"), [one.model or "" for one in tries]),
        (_("Tokens"), ["" if one.tokens is None else wording.count(one.tokens) for one in tries]),
        (_("Cost"), ["" if one.cost_usd is None else wording.usd(one.cost_usd) for one in tries]),
        (_("Input"), [_input_words(digests[:place], digest) for place, digest in enumerate(digests)]),
        (_("Output"), [shorten(one.output_shape or "", 80) for one in tries]),
        (_("Error"), [shorten(text, 100) for text in errors]),
        (_("What changed"), ["; ".join(column.changed) for column in columns]),
    ]
    return [(name, cells) for name, cells in rows if any(cells)]


def _duration(value: float | None) -> str:
    return "" if value is None else wording.duration_ms(value)


def _input_words(before: Sequence[str | None], digest: str | None) -> str:
    """Which of the inputs an attempt had: `the first`, `the same as before`, or `another`."""
    if digest is None:
        return ""
    if digest in before:
        return _("the same as before") if before[-1] == digest else _("one of those before")
    return _("another") if any(before) else _("the first")


def _outcome_words(story: Story) -> str:
    at, outcome = story.succeeded_at, _(story.outcome.value)
    if at and story.outcome is not Outcome.NOT_RETRIED:
        return _("{outcome} at attempt {number}").format(outcome=outcome, number=at)
    return outcome


def story_words(story: Story) -> str:
    """`3 attempts, a retry succeeded at attempt 3. Tries in vain took 12 s; pauses 30 s.`"""
    words = _("{count} attempts: {outcome}.").format(count=len(story.attempts), outcome=_outcome_words(story))
    spent = [wording.duration_ms(story.spent_ms)] if story.spent_ms else []
    spent += [wording.usd(story.spent_usd)] if story.spent_usd else []
    if not spent:
        return words
    others = _("The other attempts took {spent}.")
    if story.paused_ms:
        others = _("The other attempts took {spent}, with pauses of {pauses}.")
    return f"{words} " + others.format(spent=both(spent), pauses=wording.duration_ms(story.paused_ms))
