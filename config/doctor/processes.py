"""Looks at what works in the background: broker, workers, what waits for them, what they gave up."""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from redis import Redis

from config.administration.given_up import read_mails, read_teams
from config.administration.queues import read_queues
from config.aliveness import BEATS, OLDEST
from config.doctor.database import MOST_SKEW
from config.doctor.finding import Finding, broken, caution, ok
from config.health import CHECKS

# Seconds to wait for the workers' answers.
PATIENCE = 2.0
# Hints that nobody takes: a worker empties the list within seconds.
MOST_HINTS = 1_000


def see_broker(_now: datetime) -> Sequence[Finding]:
    """Whether Valkey answers, and keeps what it is given."""
    told = CHECKS["redis"]()
    if told != "ok":
        return [broken("broker", told, "Start Valkey or Redis, or mend REDIS_URL.")]
    client = Redis.from_url(settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
    try:
        server, memory, hints = client.info("server"), client.info("memory"), client.llen("celery")
        before, (seconds, micros), after = time.time(), client.time(), time.time()
        at = seconds + micros / 1_000_000
    finally:
        client.close()
    version = f"Valkey {server['valkey_version']}" if "valkey_version" in server else f"Redis {server['redis_version']}"
    found = [ok("broker", version)]
    if (skew := max(before - at, at - after, 0.0)) > MOST_SKEW:
        mend = "Let both machines follow the same time server: hints say until when they are worth something."
        found.append(caution("broker", f"its clock differs from ours by {skew:.1f} s", mend))
    if memory["maxmemory"] and memory["maxmemory_policy"] != "noeviction":
        mend = "Set maxmemory-policy noeviction: sessions, limits and hints must not be thrown away."
        found.append(caution("broker", f"throws keys away when it is full ({memory['maxmemory_policy']})", mend))
    if hints > MOST_HINTS:
        found.append(caution("broker", f"{hints:,} hints wait for a worker", "Start a worker, or more of them."))
    return found


def see_workers(_now: datetime) -> Sequence[Finding]:
    """Whether workers answer."""
    # It loads the tasks.
    from config.celery import app

    names = sorted(name for answer in app.control.ping(timeout=PATIENCE) or () for name in answer)
    if not names:
        mend = "Start `python -m config.worker`; without it nothing is folded, evaluated or sent."
        return [broken("workers", f"none answered within {PATIENCE:.0f} s", mend)]
    return [ok("workers", f"{len(names)} at work: {', '.join(names)}")]


def see_beat(_now: datetime) -> Sequence[Finding]:
    """Whether the beat gave a sign of life lately, and whether there is one only."""
    with Redis.from_url(settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE) as client:
        names = sorted(key.decode().removeprefix(BEATS) for key in client.scan_iter(f"{BEATS}*"))
    if not names:
        mend = "Start `python -m config.beat FILE`; without it nothing is due."
        return [broken("beat", f"no sign of life within {OLDEST:.0f} s", mend)]
    if len(names) > 1:
        mend = "Keep one: the others only send the same hints again."
        return [caution("beat", f"{len(names)} send hints: {', '.join(names)}", mend)]
    return [ok("beat", f"{names[0]} sends hints")]


def see_queues(now: datetime) -> Sequence[Finding]:
    """Whether what waits is taken in time. The beat shows here: without it everything waits."""
    waiting = read_queues(now)
    late = [one for one in waiting if one.is_late]
    if not late:
        return [ok("queues", f"{sum(one.count for one in waiting):,} wait, none for too long")]
    told = "; ".join(f"{one.queue.label.lower()}: {one.count:,}, the oldest for {one.words}" for one in late)
    mend = "See that the beat runs (`python -m config.beat`) and what the worker's log says; more workers take more."
    return [caution("queues", f"too long wait {told}", mend)]


def see_given_up(_now: datetime) -> Sequence[Finding]:
    """What was tried and given up, in all teams."""
    found: Counter[str] = Counter()
    rows, _ = read_teams()
    for cell in (cell for row in rows for cell in row.cells):
        found[cell.label] += cell.count
    mails = read_mails()
    found["E-mails"] += mails.reviews + mails.costs
    told = ", ".join(f"{label.lower()}: {count:,}" for label, count in found.items() if count)
    if not told:
        return [ok("given up", "nothing")]
    page = settings.BASE_URL.rstrip("/") + reverse("admin:given_up")
    return [caution("given up", told, f"See why, and try again: {page}")]
