"""Triage in words: where a failure group stands, on which terms, and what happened to it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from monitoring import wording
from monitoring.analysis.triage import EventKind, Terms, TriageStatus
from monitoring.reads.triage import Awaited, Happened, Progress, Triaged
from monitoring.templatetags.display import when_text
from monitoring.templatetags.triage import SIGNS
from monitoring.windows import EARLIEST, parse_instant


def state_words(group_id: UUID, triaged: Triaged, progress: Progress) -> str:
    """Where a group stands: `Ignored until 20 more failures, 7 seen`."""
    terms = triaged.standing.terms
    if triaged.status is TriageStatus.IGNORED:
        return f"Ignored {ignored_words(terms, progress.seen.get(group_id), progress.releases.get(group_id))}"
    if triaged.status is TriageStatus.RESOLVED:
        return f"Resolved{resolved_words(terms, progress.releases.get(group_id))}"
    return SIGNS[triaged.status].word


def ignored_words(terms: Terms, seen: int | None = None, release: Awaited | None = None) -> str:
    """Until when a group is ignored; `seen` are the failures that it has had since."""
    ends = []
    if terms.until_at is not None:
        ends.append(when_text(terms.until_at))
    if terms.count is not None:
        ends.append(_count_words(terms, seen))
    if terms.is_next_release:
        ends.append("the next release is live")
    elif terms.release:
        unseen = "" if release else ", not seen yet"
        ends.append(f"release {terms.release} is live{unseen}")
    return f"until {' or '.join(ends)}" if ends else "for good"


def resolved_words(terms: Terms, release: Awaited | None = None) -> str:
    """In which release a group is resolved, and whether that is live; empty where no release was named."""
    live = f"live since {when_text(release.live_at)}" if release and release.live_at else "not live yet"
    if terms.is_next_release:
        return f" in the next release: {release.name}, {live}" if release else " in the next release, none yet"
    return f" in release {terms.release}, {live}" if terms.release else ""


def came_back_words(history: list[Happened]) -> str:
    """How a reopened group came back; empty where that is not the newest change of its status."""
    statuses = (one for one in history if one.kind not in (EventKind.ASSIGNED, EventKind.MERGED, EventKind.SPLIT))
    newest = next(statuses, None)
    return event_words(newest) if newest and newest.kind is EventKind.REGRESSED else ""


def event_words(event: Happened) -> str:
    """What happened, without who and when."""
    return _EVENTS[event.kind](event.detail)


def _count_words(terms: Terms, seen: int | None) -> str:
    count = wording.count(terms.count)
    if terms.within is None:
        return f"{count} more failures" + ("" if seen is None else f", {wording.count(seen)} seen")
    length = wording.plain_duration_ms(terms.within.total_seconds() * 1000)
    return f"{count} failures within {length}" + (
        "" if seen is None else f", {wording.count(seen)} in the last {length}"
    )


def _terms(detail: Mapping[str, Any]) -> Terms:
    """The terms that an event tells; progress is left to the present."""
    minutes = detail.get("within_minutes")
    return Terms(
        parse_instant(detail["until"], EARLIEST) if detail.get("until") else None,
        detail.get("count"),
        None if minutes is None else timedelta(minutes=minutes),
        detail.get("release") or "",
        bool(detail.get("next_release")),
    )


def _resolved(detail: Mapping[str, Any]) -> str:
    if detail.get("next_release"):
        return "Resolved in the next release"
    return f"Resolved in release {detail['release']}" if detail.get("release") else "Resolved"


def _expired(detail: Mapping[str, Any]) -> str:
    why = {
        "time": "the time has come",
        "count": "it failed as often as was set",
        "release": f"release {detail.get('release')} is live",
    }
    return f"Open again: {why.get(detail.get('why', ''), 'ignoring has ended')}"


def _regressed(detail: Mapping[str, Any]) -> str:
    at = parse_instant(detail["failed_at"], EARLIEST) if detail.get("failed_at") else None
    where = f" in release {detail['release']}" if detail.get("release") else ""
    return f"Failed again{where}, {when_text(at)}" if at else f"Failed again{where}"


def _titles(groups: list[Mapping[str, str]]) -> str:
    shown = ", ".join(f"“{group['title'][:60]}”" for group in groups[:3])
    return shown + (f" and {len(groups) - 3} more" if len(groups) > 3 else "")


def _merged(detail: Mapping[str, Any]) -> str:
    if "into" in detail:
        return f"Merged into “{detail['into']['title'][:60]}”"
    return f"Merged with {_titles(detail.get('groups', []))}"


def _split(detail: Mapping[str, Any]) -> str:
    if "from" in detail:
        return f"Split from “{detail['from']['title'][:60]}”"
    return f"Split off {_titles(detail.get('groups', []))}"


_EVENTS: dict[EventKind, Callable[[Mapping[str, Any]], str]] = {
    EventKind.REVIEWED: lambda detail: "Reviewed",
    EventKind.IGNORED: lambda detail: f"Ignored {ignored_words(_terms(detail))}".replace(", not seen yet", ""),
    EventKind.RESOLVED: _resolved,
    EventKind.OPENED: lambda detail: "Opened again",
    EventKind.EXPIRED: _expired,
    EventKind.REGRESSED: _regressed,
    EventKind.ASSIGNED: lambda detail: f"Assigned to {detail['assignee']}" if detail.get("assignee") else "Unassigned",
    EventKind.MERGED: _merged,
    EventKind.SPLIT: _split,
}
