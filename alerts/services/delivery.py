"""The worker's side of the outbox: sends what is due, side by side for channels, and writes down what became of it.

The truth is in tables: `alert_delivery_due` says what is to be sent, `channel_due` who may be sent to (`claims`). Each
try is written down before the next one of its channel begins. A worker that is killed between a request and that note
makes one duplicate at most, with the same id. Nothing is locked while a request is under way.
"""

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from django.utils import timezone

from accounts.retrying import Verdict
from accounts.tenancy import team_context
from alerts.services import claims
from alerts.services.claims import Claim
from alerts.services.sending import Outcome, Repeat, perform
from alerts.services.settling import Work, expire, load, settle, settle_repeat

SIDE_BY_SIDE = 8
# Places that channels may hold whose last try failed: what works never waits for them.
FAILING_PLACES = 3
# A channel gives its place to others after so long, if it has more to send.
VISIT_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 0.2

_at_work = Lock()


@dataclass(slots=True)
class Visit:
    """A channel that is being sent to, and the try that is under way."""

    held: Claim
    ends: float
    work: Work | None = None


@dataclass(slots=True)
class _Round:
    pool: ThreadPoolExecutor
    under_way: dict[Future[Outcome], Visit] = field(default_factory=dict)
    tries: int = 0


def send_due(seconds: float = 20.0) -> int:
    """Sends what is due, for about so long; how many tries were made. One run a process at a time."""
    if not _at_work.acquire(blocking=False):
        return 0
    try:
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            return _send_due(_Round(pool), time.monotonic() + seconds)
    finally:
        _at_work.release()


def _send_due(going: _Round, end: float) -> int:
    _begin(going)
    while going.under_way:
        done, _ = wait(going.under_way, timeout=LOOK_AGAIN_SECONDS, return_when=FIRST_COMPLETED)
        for future in done:
            _finish(going, going.under_way.pop(future), future.result(), end)
        if time.monotonic() < end:
            _begin(going)
    return going.tries


def _begin(going: _Round) -> None:
    """Claims channels for the free places."""
    now, free = timezone.now(), SIDE_BY_SIDE - len(going.under_way)
    found = claims.claim(now, limit=free, failing=False)
    failing = sum(visit.held.failing > 0 for visit in going.under_way.values())
    found += claims.claim(now, limit=min(free - len(found), FAILING_PLACES - failing), failing=True)
    for held in found:
        _go_on(going, Visit(held, time.monotonic() + VISIT_SECONDS), now)


def _go_on(going: _Round, visit: Visit, now: datetime) -> None:
    """The next try of a channel, or its release where there is none."""
    while (turn := claims.next_turn(visit.held, now)) is not None:
        visit.work = load(visit.held, turn, now)
        if visit.work is None:
            continue
        if visit.work.outcome is None and visit.work.job is not None:
            going.tries += 1
            going.under_way[going.pool.submit(perform, visit.work.job)] = visit
            return
        if visit.work.outcome is not None and record(visit, visit.work.outcome, now):
            claims.release(visit.held, now, has_failed=True)
            return
    claims.release(visit.held, now)


def _finish(going: _Round, visit: Visit, outcome: Outcome, end: float) -> None:
    now = timezone.now()
    if record(visit, outcome, now):
        claims.release(visit.held, now, pause=outcome.result.pause, has_failed=True)
        return
    if outcome.result.verdict is not Verdict.UNFIT:
        visit.held.failing = 0
    if time.monotonic() < min(end, visit.ends):
        _go_on(going, visit, now)
    else:
        claims.release(visit.held, now)


def record(visit: Visit, outcome: Outcome, now: datetime) -> bool:
    """Writes a try down; whether the channel failed, and not just this one notice or some of those who get it."""
    work, held = visit.work, visit.held
    if work is None:
        return False
    with team_context(held.team_id):
        if isinstance(work.job, Repeat):
            settle_repeat(held.team_id, held.channel_id, work.job, outcome, now)
        else:
            settle(held.team_id, held.channel_id, work, outcome, now)
        has_reached = bool(outcome.taken or (work.delivery and work.delivery.told))
        has_failed = outcome.result.verdict in (Verdict.LATER, Verdict.REFUSED) and not has_reached
        if has_failed:
            expire(held.team_id, held.channel_id, outcome.result.reason, now)
    return has_failed
