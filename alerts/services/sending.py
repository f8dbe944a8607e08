"""One try of one delivery, as far as others are concerned: no table is read or written here, so tries may run side by
side.

A try takes 15 s at most and reads at most 64 KiB of an answer. A redirect is followed only where it keeps the request
as it is (307, 308), at most three times, each address being checked as the first one was; credentials stay behind when
it leads to another host.
"""

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urljoin
from uuid import UUID

from django.utils import timezone

from accounts import outgoing
from accounts.outgoing import Answer, Refused, Unreachable
from accounts.outgoing_uses import Use
from accounts.retrying import Result, Verdict, told_pause
from alerts.analysis.notices import Notice
from alerts.channels import CHANNELS, REPEATING
from alerts.channels.contract import About, Mail, Reference, Request, Secrets, Settings, Told, one_line
from alerts.channels.places import origin_of
from alerts.services import mailing

logger = logging.getLogger(__name__)

SECONDS = 15.0
MAX_REDIRECTS = 3
MAX_REFERENCE = 16_000
# As JSON writes the one letter that PostgreSQL does not take.
NUL = json.dumps("\x00").strip('"')
_KEEPING = (307, 308)


@dataclass(frozen=True, slots=True)
class Job:
    """A delivery with everything that its request needs."""

    kind: str
    settings: Settings
    secrets: Secrets
    notice: Notice
    about: About


@dataclass(frozen=True, slots=True)
class Repeat:
    """Open alerts of a channel that are sent once more: the ids of their messages, and what was kept of them."""

    kind: str
    settings: Settings
    secrets: Secrets
    message_ids: Sequence[UUID]
    references: Sequence[Reference]
    now: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a try.

    `status` is the answer's (None: there was none). `reference` is to be kept for later notices of the incident;
    `forgets` what was kept before, because it is gone. `taken` are addresses that took an e-mail.
    """

    result: Result
    status: int | None = None
    reference: Reference | None = None
    forgets: bool = False
    taken: tuple[str, ...] = ()


def perform(job: Job | Repeat) -> Outcome:
    """Makes the try. Never raises: a mistake of ours in one delivery may not stop the others."""
    try:
        outcome = _repeat(job) if isinstance(job, Repeat) else _perform(job)
    except Exception as error:
        logger.exception("a notice could not be written or sent by a channel of kind %s", job.kind)
        outcome = Outcome(Result(Verdict.UNFIT, f"An error here: {type(error).__name__}."))
    return replace(outcome, result=_without(outcome.result, job.secrets))


def _perform(job: Job) -> Outcome:
    end = time.monotonic() + SECONDS
    outcome = _try(job, end)
    if not outcome.forgets:
        return outcome
    # Somebody removed the message that was to be changed: the notice becomes a new one.
    return replace(_try(replace(job, about=replace(job.about, reference=None)), end), forgets=True)


def _try(job: Job, end: float) -> Outcome:
    channel = CHANNELS[job.kind]
    wanted = channel.request(job.notice, job.settings, job.secrets, job.about)
    if isinstance(wanted, Mail):
        posted = mailing.post(wanted, end)
        return Outcome(posted.result, taken=posted.taken)
    answer = _posted(wanted, end)
    if isinstance(answer, Result):
        return Outcome(answer)
    reading = channel.read(_told(answer), job.notice, job.about)
    result = _with_pause(reading.result, answer)
    is_gone = reading.is_gone and job.about.reference is not None
    return Outcome(result, answer.status, _kept(reading.reference), forgets=is_gone)


def _repeat(job: Repeat) -> Outcome:
    channel = REPEATING[job.kind]
    answer = _posted(channel.repeat(job.references, job.settings, job.secrets, job.now), time.monotonic() + SECONDS)
    if isinstance(answer, Result):
        return Outcome(answer)
    return Outcome(_with_pause(channel.read_repeat(_told(answer)), answer), answer.status)


def _posted(wanted: Request, end: float) -> Answer | Result:
    """The answer, or why there is none."""
    try:
        return follow(wanted, end)
    except Unreachable as error:
        return Result(Verdict.LATER, str(error))
    except Refused as error:
        return Result(Verdict.REFUSED, str(error))


def follow(wanted: Request, end: float) -> Answer:
    """Sends a request and follows what may be followed. Raises `Refused` or `Unreachable`."""
    url, headers = wanted.url, {"Content-Type": "application/json", **wanted.headers}
    for _ in range(MAX_REDIRECTS + 1):
        left = max(round(end - time.monotonic(), 1), 0.1)
        answer = outgoing.send(
            url, use=Use.ALERTS, method=wanted.method, headers=headers, body=wanted.body, timeout=left
        )
        place = answer.headers.get("location", "")
        if answer.status not in _KEEPING or not place:
            return answer
        new = urljoin(url, place)
        if url.startswith("https:") and not new.startswith("https:"):
            raise Refused("It redirects to an address without encryption, which is not followed.")
        if origin_of(new) != origin_of(url):
            headers.pop("Authorization", None)
        url = new
    raise Refused(f"It redirects more than {MAX_REDIRECTS} times.")


def _kept(reference: Reference | None) -> Reference | None:
    """What may be kept of an answer: receivers may say anything."""
    text = json.dumps(reference)
    return reference if len(text) <= MAX_REFERENCE and NUL not in text else None


def _told(answer: Answer) -> Told:
    return Told(answer.status, answer.body, answer.headers)


def _with_pause(result: Result, answer: Answer) -> Result:
    """With the pause that the headers ask for, where the body asked for none."""
    if result.verdict is not Verdict.LATER or result.pause is not None:
        return result
    return replace(result, pause=told_pause(answer.headers.get("retry-after"), timezone.now()))


def _without(result: Result, secrets: Secrets) -> Result:
    """The reason as one line, without a secret that a receiver repeats."""
    reason = one_line(result.reason)
    for secret in sorted(secrets.values(), key=len, reverse=True):
        if len(secret) >= 4:
            reason = reason.replace(secret, "[secret]")
    return replace(result, reason=reason)
