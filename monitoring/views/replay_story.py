"""Retries as one story: the attempts of an execution side by side, and what changed from one to the next."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitoring import wording
from monitoring.analysis.retries import Attempt, Change, Outcome, Story, Turn, tell_story
from monitoring.reads.attempts import attempts_of
from monitoring.reads.replay_records import ExecutionRecord
from monitoring.services.examination import Examined
from monitoring.views.replay_answers import shorten
from monitoring.views.replay_scene import Address

MAX_NODES = 5
_SAME = "nothing that was told"


@dataclass(frozen=True, slots=True)
class AttemptColumn:
    """One attempt as it stands beside the others; `changed` says what is different from the one before."""

    attempt: Attempt
    href: str
    current: bool
    pause: str
    changed: Sequence[str]


@dataclass(frozen=True, slots=True)
class StoryCard:
    """The story in a sentence, its attempts, and what they cost."""

    words: str
    columns: Sequence[AttemptColumn]


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
            pause="" if turn is None or turn.pause_ms is None else wording.duration_ms(turn.pause_ms),
            changed=[] if turn is None else changes(turn),
        )
        for attempt, turn in zip(story.attempts, turns, strict=True)
    ]


def changes(turn: Turn) -> list[str]:
    """What is different from the attempt before, in words."""
    found = []
    for change, (before, after) in turn.changes.items():
        if change is Change.INPUT:
            found.append("another input")
        elif change is not Change.ERROR or (before and after):
            found.append(f"{change}: {shorten(before or 'none')}, then {shorten(after or 'none')}")
    if turn.healed:
        found.append(f"no longer failed: {', '.join(turn.healed[:MAX_NODES])}")
    if turn.broken:
        found.append(f"failed now: {', '.join(turn.broken[:MAX_NODES])}")
    if turn.same_error:
        found.append("the same error")
    return found or [_SAME]


def story_words(story: Story) -> str:
    """`3 attempts, a retry succeeded at attempt 3. Tries in vain took 12 s; pauses 30 s.`"""
    at = f" at attempt {story.succeeded_at}" if story.succeeded_at and story.outcome is not Outcome.NOT_RETRIED else ""
    words = f"{len(story.attempts)} attempts: {story.outcome}{at}."
    spent = [wording.duration_ms(story.spent_ms)] if story.spent_ms else []
    spent += [wording.usd(story.spent_usd)] if story.spent_usd else []
    if spent:
        words += f" The other attempts took {' and '.join(spent)}"
        words += f", with pauses of {wording.duration_ms(story.paused_ms)}." if story.paused_ms else "."
    return words
