"""Triage in words: where a failure group stands, on which terms, and what happened to it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from monitoring import wording
from monitoring.analysis.triage import EventKind, Terms, TriageStatus
from monitoring.joining import either
from monitoring.reads.triage import Awaited, Happened, Progress, Triaged
from monitoring.templatetags.display import when_text
from monitoring.templatetags.triage import SIGNS
from monitoring.windows import EARLIEST, parse_instant


def state_words(group_id: UUID, triaged: Triaged, progress: Progress) -> str:
    """Where a group stands: `Ignored until 20 more failures, 7 seen`."""
    terms = triaged.standing.terms
    if triaged.status is TriageStatus.IGNORED:
        return ignored_words(terms, progress.seen.get(group_id), progress.releases.get(group_id))
    if triaged.status is TriageStatus.RESOLVED:
        return resolved_words(terms, progress.releases.get(group_id))
    return SIGNS[triaged.status].word


def ignored_words(
    terms: Terms, seen: int | None = None, release: Awaited | None = None, *, is_past: bool = False
) -> str:
    """Until when a group is ignored; `seen` are the failures that it has had since.

    Of an event that is past nothing is said of a release that is still awaited.
    """
    ends = []
    if terms.until_at is not None:
        ends.append(when_text(terms.until_at))
    if terms.count is not None:
        ends.append(_count_words(terms, seen))
    if terms.is_next_release:
        ends.append(_("the next release is live"))
    elif terms.release:
        words = _("release {release} is live") if release or is_past else _("release {release} is live, not seen yet")
        ends.append(words.format(release=terms.release))
    return _("Ignored until {ends}").format(ends=either(ends)) if ends else _("Ignored for good")


def resolved_words(terms: Terms, release: Awaited | None = None) -> str:
    """That a group is resolved, in which release, and whether that is live."""
    if not (terms.is_next_release or terms.release):
        return _("Resolved")
    if terms.is_next_release and release is None:
        return _("Resolved in the next release, none yet")
    at = release.live_at if release else None
    name = release.name if release and terms.is_next_release else terms.release
    if at is None:
        words = _("Resolved in release {release}, not live yet")
        if terms.is_next_release:
            words = _("Resolved in the next release: {release}, not live yet")
        return words.format(release=name)
    words = _("Resolved in release {release}, live since {at}")
    if terms.is_next_release:
        words = _("Resolved in the next release: {release}, live since {at}")
    return words.format(release=name, at=when_text(at))


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
        words = _("{count} more failures") if seen is None else _("{count} more failures, {seen} seen")
        return words.format(count=count, seen=wording.count(seen))
    words = _("{count} failures within {length}")
    if seen is not None:
        words = _("{count} failures within {length}, {seen} in the last {length}")
    length = wording.plain_duration_ms(terms.within.total_seconds() * 1000)
    return words.format(count=count, length=length, seen=wording.count(seen))


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
        return _("Resolved in the next release")
    if detail.get("release"):
        return _("Resolved in release {release}").format(release=detail["release"])
    return _("Resolved")


def _expired(detail: Mapping[str, Any]) -> str:
    words = {
        "time": _("Open again: the time has come"),
        "count": _("Open again: it failed as often as was set"),
        "release": _("Open again: release {release} is live"),
    }.get(detail.get("why", ""), _("Open again: ignoring has ended"))
    return words.format(release=detail.get("release"))


def _regressed(detail: Mapping[str, Any]) -> str:
    at = parse_instant(detail["failed_at"], EARLIEST) if detail.get("failed_at") else None
    words = _("Failed again, {at}") if at else _("Failed again")
    if detail.get("release"):
        words = _("Failed again in release {release}, {at}") if at else _("Failed again in release {release}")
    return words.format(release=detail.get("release"), at=when_text(at) if at else "")


def _titles(groups: list[Mapping[str, str]]) -> str:
    shown = ", ".join(f"“{group['title'][:60]}”" for group in groups[:3])
    if len(groups) <= 3:
        return shown
    return _("{groups} and {count} more").format(groups=shown, count=len(groups) - 3)


def _merged(detail: Mapping[str, Any]) -> str:
    if "into" in detail:
        return _("Merged into “{group}”").format(group=detail["into"]["title"][:60])
    return _("Merged with {groups}").format(groups=_titles(detail.get("groups", [])))


def _split(detail: Mapping[str, Any]) -> str:
    if "from" in detail:
        return _("Split from “{group}”").format(group=detail["from"]["title"][:60])
    return _("Split off {groups}").format(groups=_titles(detail.get("groups", [])))


def _assigned(detail: Mapping[str, Any]) -> str:
    if not detail.get("assignee"):
        return _("Unassigned")
    return _("Assigned to {name}").format(name=detail["assignee"])


_EVENTS: dict[EventKind, Callable[[Mapping[str, Any]], str]] = {
    EventKind.REVIEWED: lambda detail: _("Reviewed"),
    EventKind.IGNORED: lambda detail: ignored_words(_terms(detail), is_past=True),
    EventKind.RESOLVED: _resolved,
    EventKind.OPENED: lambda detail: _("Opened again"),
    EventKind.EXPIRED: _expired,
    EventKind.REGRESSED: _regressed,
    EventKind.ASSIGNED: _assigned,
    EventKind.MERGED: _merged,
    EventKind.SPLIT: _split,
}
