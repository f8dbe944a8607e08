"""Incidents in words: signs of severity and status, what happened, who is told and why not."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from alerts.models import Incident, IncidentEvent, IncidentEventKind, IncidentStatus
from monitoring import wording
from monitoring.templatetags.components import Sign

STATUS_SIGNS: dict[str, Sign] = {
    IncidentStatus.OPEN: Sign("bell", gettext_noop("Open"), "fail"),
    IncidentStatus.ACKNOWLEDGED: Sign("check", gettext_noop("Acknowledged"), "run"),
    IncidentStatus.RESOLVED: Sign("ok", gettext_noop("Resolved"), "ok"),
}
SEVERITY_SIGNS: dict[str, Sign] = {
    "critical": Sign("fail", gettext_noop("Critical"), "fail"),
    "warning": Sign("warn", gettext_noop("Warning"), "warn"),
    "info": Sign("flag", gettext_noop("Info"), "idle"),
}
# Why an incident sends no notice.
MUTED = {
    "parent": gettext_noop("It counts to another incident, which tells of both."),
    "silence": gettext_noop("A silence holds its notices back."),
    "ignored": gettext_noop("Its failure group is ignored."),
    "sample": gettext_noop("It is about sample data."),
}
# The same in a table; what counts to another says so beside its title.
MUTED_SHORT = {
    "silence": gettext_noop("no notice: silenced"),
    "ignored": gettext_noop("no notice: group ignored"),
    "sample": gettext_noop("no notice: sample data"),
}
_WORDS = {
    IncidentEventKind.OPENED: gettext_noop("opened it"),
    IncidentEventKind.REOPENED: gettext_noop("opened it again: the condition holds once more"),
    IncidentEventKind.WORSE: gettext_noop("saw it become worse"),
    IncidentEventKind.ACKNOWLEDGED: gettext_noop("acknowledged it"),
    IncidentEventKind.NOTED: gettext_noop("wrote a note"),
    IncidentEventKind.NO_DATA: gettext_noop("has no data any more"),
    IncidentEventKind.RESOLVED: gettext_noop("resolved it"),
}


def who(event: IncidentEvent) -> str:
    """Who did it."""
    if event.by is not None:
        return str(event.by.email)
    return event.key_name or "Steadyrun"


def event_words(event: IncidentEvent) -> str:
    """What happened, in one line; a note's own text stands below."""
    detail = event.detail
    names = ", ".join(name for name in detail.get("names", ()) if name) or _("a channel that is gone")
    if event.kind == IncidentEventKind.NOTIFIED:
        told = _("told {channels}, with others in a digest") if detail.get("digest") else _("told {channels}")
        return told.format(channels=names)
    if event.kind == IncidentEventKind.ESCALATED:
        return _("told {channels}, as nobody acknowledged it").format(channels=names)
    if event.kind == IncidentEventKind.GROUPED:
        return _("counted it to another incident: {title}").format(title=detail.get("title", ""))
    if event.kind == IncidentEventKind.MUTED:
        reason = str(detail.get("by"))
        none = _("sends no notice. {reason}")
        return none.format(reason=muted_words(reason)) if reason in MUTED else _("sends no notice.")
    if event.kind == IncidentEventKind.LINKED:
        title = detail.get("title")
        linked = _("linked the improvement {title}").format(title=title)
        return linked if title else _("took the link to an improvement away")
    kind = IncidentEventKind(event.kind)
    return _(_WORDS[kind]) if kind in _WORDS else event.kind


def muted_words(reason: str) -> str:
    """Why an incident sends no notice, as a sentence; a reason that is not known any more as it is kept."""
    return _(MUTED[reason]) if reason in MUTED else reason


def muted_short(reason: str) -> str:
    """The same in a table, as short as can be."""
    return _(MUTED_SHORT[reason]) if reason in MUTED_SHORT else _("no notice")


def length_of(one: Incident, now: datetime) -> str:
    """How long it lasted, or lasts."""
    return wording.duration_ms(((one.resolved_at or now) - one.since).total_seconds() * 1000)


def answer_words(one: Incident, children: int) -> tuple[str, str]:
    """The answer in one sentence with its tone, as the verdict panel shows it."""
    answer, tone = _answer(one)
    if not children:
        return answer, tone
    told = ngettext(
        "{answer}, with {count} incident that count to it",
        "{answer}, with {count} incidents that count to it",
        children,
    )
    return told.format(answer=answer, count=wording.count(children)), tone


def _answer(one: Incident) -> tuple[str, str]:
    if one.status == IncidentStatus.RESOLVED:
        return _("Over"), "ok"
    if one.status == IncidentStatus.ACKNOWLEDGED:
        if one.acknowledged_by is None:
            return _("Somebody looks after it"), "watch"
        return _("{name} looks after it").format(name=one.acknowledged_by.email), "watch"
    tone = {"critical": "fail", "warning": "watch"}.get(one.severity, "idle")
    return _("Open, and nobody has acknowledged it"), tone
