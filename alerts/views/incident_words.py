"""Incidents in words: signs of severity and status, what happened, who is told and why not."""

from datetime import datetime

from alerts.models import Incident, IncidentEvent, IncidentEventKind, IncidentStatus
from alerts.wording import many
from monitoring import wording
from monitoring.templatetags.components import Sign

STATUS_SIGNS: dict[str, Sign] = {
    IncidentStatus.OPEN: Sign("bell", "Open", "fail"),
    IncidentStatus.ACKNOWLEDGED: Sign("check", "Acknowledged", "run"),
    IncidentStatus.RESOLVED: Sign("ok", "Resolved", "ok"),
}
SEVERITY_SIGNS: dict[str, Sign] = {
    "critical": Sign("fail", "Critical", "fail"),
    "warning": Sign("warn", "Warning", "warn"),
    "info": Sign("flag", "Info", "idle"),
}
# Why an incident sends no notice.
MUTED = {
    "parent": "It counts to another incident, which tells of both.",
    "silence": "A silence holds its notices back.",
    "ignored": "Its failure group is ignored.",
    "sample": "It is about sample data.",
}
# The same behind "no notice" in a table; what counts to another says so beside its title.
MUTED_SHORT = {"silence": ": silenced", "ignored": ": group ignored", "sample": ": sample data"}
_WORDS = {
    IncidentEventKind.OPENED: "opened it",
    IncidentEventKind.REOPENED: "opened it again: the condition holds once more",
    IncidentEventKind.WORSE: "saw it become worse",
    IncidentEventKind.ACKNOWLEDGED: "acknowledged it",
    IncidentEventKind.NOTED: "wrote a note",
    IncidentEventKind.NO_DATA: "has no data any more",
    IncidentEventKind.RESOLVED: "resolved it",
}


def who(event: IncidentEvent) -> str:
    """Who did it."""
    if event.by is not None:
        return str(event.by.email)
    return event.key_name or "Steadyrun"


def event_words(event: IncidentEvent) -> str:
    """What happened, in one line; a note's own text stands below."""
    detail = event.detail
    names = ", ".join(name for name in detail.get("names", ()) if name) or "a channel that is gone"
    if event.kind == IncidentEventKind.NOTIFIED:
        return f"told {names}{', with others in a digest' if detail.get('digest') else ''}"
    if event.kind == IncidentEventKind.ESCALATED:
        return f"told {names}, as nobody acknowledged it"
    if event.kind == IncidentEventKind.GROUPED:
        return f"counted it to another incident: {detail.get('title', '')}"
    if event.kind == IncidentEventKind.MUTED:
        return f"sends no notice. {MUTED.get(str(detail.get('by')), '')}".strip()
    if event.kind == IncidentEventKind.LINKED:
        title = detail.get("title")
        return f"linked the improvement {title}" if title else "took the link to an improvement away"
    return _WORDS.get(IncidentEventKind(event.kind), event.kind)


def length_of(one: Incident, now: datetime) -> str:
    """How long it lasted, or lasts."""
    return wording.duration_ms(((one.resolved_at or now) - one.since).total_seconds() * 1000)


def answer_words(one: Incident, children: int) -> tuple[str, str]:
    """The answer in one sentence with its tone, as the verdict panel shows it."""
    parts = f", with {many(children, 'incident')} that count to it" if children else ""
    if one.status == IncidentStatus.RESOLVED:
        return f"Over{parts}", "ok"
    if one.status == IncidentStatus.ACKNOWLEDGED:
        name = one.acknowledged_by.email if one.acknowledged_by else "Somebody"
        return f"{name} looks after it{parts}", "watch"
    tone = {"critical": "fail", "warning": "watch"}.get(one.severity, "idle")
    return f"Open, and nobody has acknowledged it{parts}", tone
