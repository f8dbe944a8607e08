"""What a notice says, before any channel writes it down in its own way. Pure; kept as JSON in the outbox."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop
from alerts.analysis.conditions import Severity


class NoticeKind(StrEnum):
    """What happened to an incident."""

    OPENED = "opened"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    # Several incidents told as one: too many at once, or held back in quiet hours.
    DIGEST = "digest"
    TEST = "test"


KIND_WORDS: dict[str, str] = {
    NoticeKind.OPENED: gettext_noop("Opened"),
    NoticeKind.ESCALATED: gettext_noop("Escalated"),
    NoticeKind.ACKNOWLEDGED: gettext_noop("Acknowledged"),
    NoticeKind.RESOLVED: gettext_noop("Resolved"),
    NoticeKind.REOPENED: gettext_noop("Reopened"),
    NoticeKind.DIGEST: gettext_noop("Digest"),
    NoticeKind.TEST: gettext_noop("Test"),
}


def kind_word(kind: str) -> str:
    """A kind of notice as a word, in the language of the reader; one that is not known any more as it is kept."""
    return _(KIND_WORDS[kind]) if kind in KIND_WORDS else kind


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice. All texts are plain, without markup, and hold nothing of any payload.

    `key` is the incident's, the same in all of its notices: receivers that update one message or alert use it. `what`
    broke ("Error rate 12.4% of checkout"), `since` when, `how_bad` in figures ("31 of 250 runs in 5 minutes, limit
    5.0%"), `concentration` in one line (empty: not known), `url` the step of the flow that answers, `incident_url` the
    incident, `acknowledge_url` acknowledges it for who was sent it (empty: not offered). `lines` are further ones, for
    a digest one each. `count` is how many incidents stand behind it. Times are aware, in UTC.
    """

    kind: NoticeKind
    key: str
    team: str
    severity: Severity
    what: str
    since: datetime
    how_bad: str = ""
    concentration: str = ""
    workflow: str = ""
    environment: str = ""
    rule: str = ""
    url: str = ""
    incident_url: str = ""
    acknowledge_url: str = ""
    by: str = ""
    resolved_at: datetime | None = None
    lines: tuple[str, ...] = ()
    count: int = 1

    @property
    def is_resolved(self) -> bool:
        """Whether the incident is over."""
        return self.kind is NoticeKind.RESOLVED

    def as_document(self) -> dict[str, Any]:
        """The notice as JSON; `from_document` reads it."""
        told = {name: value for name, value in asdict(self).items() if name not in ("since", "resolved_at")}
        ended = self.resolved_at.isoformat() if self.resolved_at else None
        return {**told, "lines": list(self.lines), "since": self.since.isoformat(), "resolved_at": ended}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The notice that `as_document` wrote."""
        ended = document["resolved_at"]
        changed = {
            "kind": NoticeKind(document["kind"]),
            "severity": Severity(document["severity"]),
            "since": datetime.fromisoformat(document["since"]),
            "resolved_at": datetime.fromisoformat(ended) if ended else None,
            "lines": tuple(document["lines"]),
        }
        return cls(**{**document, **changed})
