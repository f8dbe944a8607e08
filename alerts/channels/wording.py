"""A notice in plain words, the same for all channels: a headline, facts, lines and links. Channels add their
markup. Many people read it, so its formats are neutral wherever it is shown."""

from dataclasses import dataclass
from datetime import datetime

from accounts.formats import NEUTRAL, using
from accounts.phrases import gettext as _
from accounts.phrases import ngettext
from alerts.analysis.conditions import Severity, severity_word
from alerts.analysis.notices import Notice, NoticeKind
from alerts.channels.contract import cut, one_line
from monitoring.wording import count, duration_ms

MAX_LINES = 30
MAX_LINE = 300
MAX_WHAT = 300
# Red, orange, blue; green once it is over. As numbers 0xRRGGBB.
COLOURS = {Severity.CRITICAL: 0xC62828, Severity.WARNING: 0xB26A00, Severity.INFO: 0x1565C0}
RESOLVED_COLOUR = 0x2E7D32


@dataclass(frozen=True, slots=True)
class Link:
    """A link with what it does: a word for programs, and one for people."""

    name: str
    label: str
    url: str


@using(NEUTRAL)
def state(notice: Notice) -> str:
    """What happened, as the first word of a headline: `Critical`, `Resolved`."""
    words = {
        NoticeKind.OPENED: "{severity}",
        NoticeKind.ESCALATED: _("{severity}, nobody acknowledged"),
        NoticeKind.ACKNOWLEDGED: _("Acknowledged"),
        NoticeKind.RESOLVED: _("Resolved"),
        NoticeKind.REOPENED: _("{severity}, open again"),
        NoticeKind.DIGEST: ngettext("{severity}, {count} incident", "{severity}, {count} incidents", notice.count),
        NoticeKind.TEST: _("Test"),
    }[notice.kind]
    return words.format(severity=severity_word(notice.severity), count=count(notice.count))


@using(NEUTRAL)
def headline(notice: Notice, limit: int = MAX_WHAT) -> str:
    """One line that says what happened to what."""
    return cut(one_line(_("{state}: {what}").format(state=state(notice), what=notice.what)), limit)


@using(NEUTRAL)
def facts(notice: Notice) -> list[tuple[str, str]]:
    """What is known, by label, in the order in which one asks."""
    told = (
        (_("How bad"), notice.how_bad),
        (_("Where"), notice.concentration),
        (_("Since"), moment(notice.since)),
        (_("Over"), _ended(notice)),
        (_("Acknowledged by") if notice.kind is NoticeKind.ACKNOWLEDGED else _("By"), notice.by),
        (_("Workflow"), notice.workflow),
        (_("Environment"), notice.environment),
        (_("Rule"), notice.rule),
        (_("Team"), notice.team),
    )
    return [(label, cut(one_line(text), MAX_LINE)) for label, text in told if text]


@using(NEUTRAL)
def lines(notice: Notice) -> list[str]:
    """Further lines; where there are too many, the last one says how many more."""
    kept = [cut(one_line(line), MAX_LINE) for line in notice.lines[:MAX_LINES]]
    rest = len(notice.lines) - len(kept)
    return [*kept, ngettext("and {count} more", "and {count} more", rest).format(count=count(rest))] if rest else kept


def links(notice: Notice) -> list[Link]:
    """Where to look, the most useful first. Acknowledging is offered while the incident is open."""
    is_over = notice.kind in (NoticeKind.RESOLVED, NoticeKind.ACKNOWLEDGED)
    told = (
        Link("see_what_fails", _("See what fails"), notice.url),
        Link("open_the_incident", _("Open the incident"), notice.incident_url),
        Link("acknowledge", _("Acknowledge"), "" if is_over else notice.acknowledge_url),
    )
    return [link for link in told if link.url]


def colour(notice: Notice) -> int:
    """The colour of a message, 0xRRGGBB."""
    return RESOLVED_COLOUR if notice.is_resolved else COLOURS[notice.severity]


def moment(at: datetime) -> str:
    """A time, the same for every reader: `12 Aug 2026, 12:00 UTC`."""
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


@using(NEUTRAL)
def plain_text(notice: Notice) -> str:
    """The whole notice as text."""
    told = [headline(notice), "", *(f"{label}: {text}" for label, text in facts(notice))]
    if found := lines(notice):
        told += ["", *(f"- {line}" for line in found)]
    if found_links := links(notice):
        told += ["", *(f"{link.label}: {link.url}" for link in found_links)]
    return "\n".join(told) + "\n"


def _ended(notice: Notice) -> str:
    if notice.resolved_at is None:
        return ""
    lasted = (notice.resolved_at - notice.since).total_seconds() * 1000
    length = duration_ms(max(lasted, 0))
    return _("{moment}, after {length}").format(moment=moment(notice.resolved_at), length=length)
