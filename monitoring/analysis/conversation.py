"""Where a failed conversation of agents took its turn, from its own words and structure: no cohort, no model.

The rules look for what a reader would look for, in this order: the task was handed over with an error in it; a request
had to be made again although it was answered; the same page was opened again; a finding was claimed, or data were
assumed, without a result that it came from; code failed or gave nothing; a page refused access; the conversation ended
in an error. Text is data: it is matched against fixed patterns, and never followed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from accounts.phrases import gettext as _

# A request is the one before again when so much of its words, in order, is the same.
SAME_REQUEST = 0.6
# Only the beginning of a long text is read: what a message is about stands there.
MAX_READ = 20_000
_CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?:])\s+|\n+")
_RAN = re.compile(r"\s*exit ?code\s*:?\s*-?\d+[^\n]*\n?(?:code output:)?", re.IGNORECASE)
_PAGE = re.compile(r"\s*address:", re.IGNORECASE)
_NOTHING = re.compile(r"(?:[^\n]*:)?\s*(?:(?:0|none|null|false|nan|\[\]|\{\})\s*)?", re.IGNORECASE)
_REFUSED = re.compile(
    r"\b(?:captcha|access denied|access to this page has been denied|forbidden|too many requests)\b", re.I
)
# An account of what was done on a page is a result, not a claim.
_ACCOUNT = re.compile(r"\bI (?:typed|clicked|scrolled|opened|visited|went)\b")
# What someone means to do, asks for or wonders about is no claim.
_INTENT = re.compile(
    r"\b(?:will|shall|'ll|going to|once|if|when|until|please|can|could|should|needs? to|let[\u2019']?s|let us|would"
    r"|try to|want|errors?|issues?)\b",
    re.IGNORECASE,
)
_CLAIM = re.compile(
    r"\b(?:I|we)(?:'ve| have| had)? (?:\w+ )?"
    r"(?:(?:double-)?checked|verified|confirmed|retrieved|reviewed|gathered|transcribed|collected|visited)\b"
    r"|\bafter (?:\w+ )?(?:reviewing|visiting|searching|checking|verifying)\b"
    r"|\bhere (?:are|is) (?:the|a|some|my)\b[^.:]{0,60}"
    r"\b(?:list|details|findings|results?|data|transcription|figures|summary|information)\b"
    r"|\bthe following are\b|\bmanually (?:verified|checked|searched|searching|reviewed)|\bfindings\b[^.]{0,20}:",
    re.IGNORECASE,
)
_ASSUMED = re.compile(
    r"\b(?:assum(?:e|ed|es|ing|ptions?)|hypothetical\w*|simulat(?:e|ed|es|ing)|placeholders?|for demonstration"
    r"|made[- ]up|mock|dummy|illustrative)\b",
    re.IGNORECASE,
)
_TO = re.compile(r"\(-> *([^()]+)\)")
_ROLE = re.compile(r" \([^()]*\)$")
_WORD = re.compile(r"\w+")
_SMALL = frozenset(
    ("please", "the", "a", "an", "and", "or", "of", "to", "for", "in", "on", "at", "with", "by", "if", "that", "this")
)


@dataclass(frozen=True, slots=True)
class Message:
    """What one step said. `author` is its node: `name`, `name (role)` or `name (-> whom it asks)`."""

    author: str
    text: str
    failing: bool = False

    @property
    def agent(self) -> str:
        """Who speaks, without the role."""
        return agent_of(self.author)

    @property
    def asked(self) -> str:
        """Whom it asks; empty when it is no request."""
        match = _TO.search(self.author)
        return match[1].strip() if match else ""


@dataclass(frozen=True, slots=True)
class Turn:
    """The message (index) at which a conversation went wrong, and why in words."""

    step: int
    why: str


def agent_of(node: str) -> str:
    """The agent behind a node: its name without a role or an addressee in brackets at the end."""
    return _ROLE.sub("", node)


def find_turn(messages: Sequence[Message]) -> Turn | None:
    """The first turn by the first rule that holds; None when none does."""
    if messages and messages[0].failing:
        return Turn(0, _("the task was handed over with an error in it"))
    rules = (_asked_again, _opened_again, _claimed, _unworkable, _stopped)
    return next((turn for rule in rules if (turn := rule(messages))), None)


def _asked_again(messages: Sequence[Message]) -> Turn | None:
    """The answer to a request that then had to be made again. A request for only a part of it shows progress."""
    requests = [index for index, message in enumerate(messages) if message.asked]
    for first, second in pairwise(requests):
        whom = messages[first].asked
        answers = [index for index in range(first + 1, second) if messages[index].author == whom]
        if answers and messages[second].asked == whom and _is_same(messages[first].text, messages[second].text):
            return Turn(answers[-1], _("did not answer the request: it was made again"))
    return None


def _is_same(first: str, second: str) -> bool:
    before, after = (_WORD.findall(text[:MAX_READ].lower()) for text in (first, second))
    if set(after) - _SMALL < set(before) - _SMALL:
        return False
    alike = SequenceMatcher(None, first.lower().split(), second.lower().split(), autojunk=False)
    return alike.ratio() >= SAME_REQUEST


def _opened_again(messages: Sequence[Message]) -> Turn | None:
    seen: set[tuple[str, str]] = set()
    for index, message in enumerate(messages):
        if _PAGE.match(message.text):
            if (message.author, message.text) in seen:
                return Turn(index, _("opened again what was already read"))
            seen.add((message.author, message.text))
    return None


def _claimed(messages: Sequence[Message]) -> Turn | None:
    """The first message that states a finding, or works with made-up data, with no result right before it.

    What an agent that leads the others notes about them is no claim of its own.
    """
    leading = {message.agent for message in messages if message.asked}
    for index, message in enumerate(messages[1:], start=1):
        before = messages[index - 1]
        reports = index > 1 and _is_result(before) and not _is_bad(before)
        if reports or _is_result(message) or message.agent in leading or _ACCOUNT.search(message.text[:200]):
            continue
        for sentence in _sentences(message.text):
            if _ASSUMED.search(sentence):
                return Turn(index, _('works with assumed data: "{sentence}"').format(sentence=sentence[:80]))
            if not sentence.startswith("#") and _CLAIM.search(sentence):
                text = _('claims a finding without a result that it came from: "{sentence}"')
                return Turn(index, text.format(sentence=sentence[:80]))
    return None


def _sentences(text: str) -> Iterator[str]:
    """The sentences outside code that state something."""
    for sentence in _SENTENCE.split(_CODE.sub(" ", text[:MAX_READ])):
        if sentence and not _INTENT.search(sentence):
            yield sentence.strip()


def _is_result(message: Message) -> bool:
    return bool(_RAN.match(message.text) or _PAGE.match(message.text))


def _is_bad(message: Message) -> bool:
    """Whether code that ran failed or gave nothing to go on: no output, zero, none, false."""
    ran = _RAN.match(message.text)
    if not ran:
        return False
    rest = message.text[ran.end() :].strip()
    return message.failing or _NOTHING.fullmatch(rest.rsplit("\n", 1)[-1]) is not None


def _unworkable(messages: Sequence[Message]) -> Turn | None:
    """Code that failed or gave nothing, or a page that refuses access. Where the next code ran well, that one was
    believed and is the turn; else the code that failed is.
    """
    for index, message in enumerate(messages[1:], start=1):
        if _PAGE.match(message.text) and _REFUSED.search(message.text[:400]):
            return Turn(index, _("the page refuses access"))
        if not _is_bad(message):
            continue
        later = next((n for n in range(index + 1, len(messages)) if _RAN.match(messages[n].text)), None)
        if later is not None and not _is_bad(messages[later]):
            return Turn(later - 1, _("repaired the code, and its result was believed"))
        return Turn(index - 1, _("wrote what then failed or gave nothing"))
    return None


def _stopped(messages: Sequence[Message]) -> Turn | None:
    """The last message, where it is an error; else the first one that is not the task."""
    if len(messages) > 1 and messages[-1].failing:
        return Turn(len(messages) - 1, _("the conversation ended in an error"))
    return Turn(1, _("the first answer to the task: nothing later stands out")) if len(messages) > 1 else None
