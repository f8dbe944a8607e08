"""Which channels are told of an incident, and when: routes in order, quiet hours, escalation. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from alerts.analysis.matchers import Facts, Matchers, is_any_match, is_match
from alerts.analysis.quiet_times import QuietHours

# Told so long after its time it was held back: several such go out as one digest.
LATE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Step:
    """A channel that is told so long after an incident began, if nobody acknowledged it by then."""

    channel_id: UUID
    after: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Path:
    """A route as the plan sees it."""

    id: UUID
    name: str
    matchers: Matchers
    steps: Sequence[Step]
    quiet: QuietHours | None = None
    is_final: bool = True


@dataclass(frozen=True, slots=True)
class Telling:
    """A channel that is told now. `is_late`: it was held back."""

    channel_id: UUID
    is_escalation: bool = False
    is_late: bool = False


@dataclass(slots=True)
class Plan:
    """Who is told now, and when to look again (None: nothing is left)."""

    tell: list[Telling] = field(default_factory=list)
    next_at: datetime | None = None


def paths_for(paths: Iterable[Path], parts: Sequence[Facts]) -> list[Path]:
    """The routes that an incident takes, in order: of each of its parts those that match, up to the first final one.

    So a route for one workflow does not keep those who look after another one from being told.
    """
    found, left = [], list(parts)
    for path in paths:
        if is_any_match(path.matchers, left):
            found.append(path)
            if path.is_final:
                left = [one for one in left if not is_match(path.matchers, one)]
    return found


def plan(
    paths: Sequence[Path], severity: str, active_at: datetime, told: frozenset[UUID], is_open: bool, now: datetime
) -> Plan:
    """What to do about an incident. `told` are channels that know of it; once acknowledged (`is_open` false) no more
    are told. A channel that stands in several steps is told once, at the earliest of them."""
    found, known = Plan(), set(told)
    if not is_open:
        return found
    for at, step, path in _in_order(paths, active_at):
        if step.channel_id in known:
            continue
        until = path.quiet.until(severity, max(at, now)) if path.quiet else None
        due = max(at, until) if until else at
        if due > now:
            found.next_at = min(found.next_at, due) if found.next_at else due
            continue
        known.add(step.channel_id)
        found.tell.append(Telling(step.channel_id, bool(step.after), now - at > LATE))
    return found


def _in_order(paths: Sequence[Path], active_at: datetime) -> list[tuple[datetime, Step, Path]]:
    steps = [(active_at + step.after, step, path) for path in paths for step in path.steps]
    return sorted(steps, key=lambda one: (one[0], one[1].channel_id))
