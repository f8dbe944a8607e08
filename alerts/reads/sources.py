"""Sources that fell silent (`Family.SOURCE`). What is known of sources comes through `alerts.ports`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from alerts.analysis.readings import Reading, Subject
from alerts.models import AlertRule
from alerts.ports import SourceState, source_states
from monitoring import wording

# A silence is unusual beyond this many times the usual one, and never below an hour: the ledger is kept by the hour.
FACTOR, LEAST = 1.5, timedelta(hours=1)
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class SilentSources:
    """Sources that are silent for longer than usual, with the longest usual silence, the longest silent first.

    `others` counts those that are not, `unknown` those of them of which too little is known to say what is usual.
    """

    rows: Sequence[tuple[SourceState, timedelta]]
    others: int
    unknown: int


def silent_sources(team_id: UUID, now: datetime) -> SilentSources | None:
    """The sources of a team that fell silent, whether a rule looks at them or not; None where nobody knows them."""
    found = source_states(team_id, now)
    if found is None:
        return None
    rows = [(one, limit) for one in found if (limit := _limit(one)) is not None and now - one.last_report_at > limit]
    rows.sort(key=lambda pair: (pair[0].last_report_at, pair[0].name))
    return SilentSources(rows, len(found) - len(rows), sum(_limit(one) is None for one in found))


def _limit(one: SourceState) -> timedelta | None:
    """The silence up to which nothing is unusual; None where that is not known."""
    return None if one.usual_silence is None else max(one.usual_silence * FACTOR, LEAST)


def read(team_id: UUID, rules: Sequence[AlertRule], now: datetime) -> dict[UUID, list[Reading]]:
    """For how long (ms) each source of a rule, or each of the team, has been silent; the subject's value names it.

    The usual range ends at 1.5 times the silence that is usual of the source.
    """
    found = source_states(team_id, now)
    if found is None:
        said = Reading(Subject(), now, None, words="Nothing is known of sources.")
        return {rule.id: [said] for rule in rules}
    names = Counter(one.name for one in found)
    return {rule.id: [_reading(one, names, now) for one in found if _is_of(rule, one)] for rule in rules}


def _is_of(rule: AlertRule, one: SourceState) -> bool:
    return rule.value in ("", one.name, str(one.id))


def _reading(one: SourceState, names: Counter[str], now: datetime) -> Reading:
    # Two sources of one name are told apart.
    name = one.name if names[one.name] == 1 else f"{one.name} ({str(one.id)[:8]})"
    silence = max(now - one.last_report_at, timedelta(0))
    low, high, against = None, None, ""
    if (limit := _limit(one)) is not None:
        low, high = 0.0, limit / _MS
        against = f", usually at most {wording.duration_ms(limit / _MS)}"
    words = f"Source {name} reported nothing for {wording.duration_ms(silence / _MS)}{against}"
    return Reading(Subject(value=name), now, silence / _MS, 1, low, high, since=one.last_report_at, words=words)
