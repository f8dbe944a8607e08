"""Everything for which the installation opens a connection to somewhere else, in one table.

The operator switches any of them off in `OUTGOING_OFF`; what is not in this table is not called.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings


class Use(StrEnum):
    """What a connection is for; the word is the one that `OUTGOING_OFF` takes."""

    MAIL = "mail"
    ALERTS = "alerts"
    FORWARDING = "forwarding"
    TRACKERS = "trackers"
    SIGN_IN = "sign-in"
    ARCHIVE = "archive"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class About:
    """What an operator asks of a use: where it goes, what it takes along, and what begins it."""

    label: str
    to: str
    sends: str
    begins: str


USES: dict[Use, About] = {
    Use.MAIL: About(
        "E-mail",
        "the mail server in EMAIL_URL",
        "alerts, weekly reviews, monthly costs, invitations and links to set a password",
        "an alert, Monday, the first of a month, or a member",
    ),
    Use.ALERTS: About(
        "Alert channels",
        "the addresses of Slack, Teams, Discord, PagerDuty, Opsgenie, Telegram, webhook and Alertmanager channels",
        "what broke, since when, how bad, names of workflows and nodes, links; never a payload",
        "an incident, or the button that sends a test",
    ),
    Use.FORWARDING: About(
        "Destinations",
        "the OpenTelemetry, Elasticsearch, Loki and Prometheus addresses of a team's destinations",
        "the telemetry that the destination is set to, redacted before",
        "a report that came in",
    ),
    Use.TRACKERS: About(
        "Issue tracker",
        "the webhook address of a team's tracker",
        "the title, text, state and link of an improvement",
        "an improvement that is made or changes",
    ),
    Use.SIGN_IN: About(
        "Identity providers",
        "the OpenID Connect or SAML provider of a team",
        "the code of a sign-in and the client's own secret",
        "a member who signs in by their company",
    ),
    Use.ARCHIVE: About(
        "Archive",
        "the S3-compatible store of a team's archive, or of the installation's",
        "executions that retention is about to delete; what is restored is read from there",
        "a retention run, or somebody who restores a day",
    ),
    Use.AUDIT: About(
        "Audit stream",
        "the webhook address that follows a team's audit log, and the one that follows that of the installation",
        "events of the audit log",
        "an event",
    ),
}


def is_on(use: Use) -> bool:
    """Whether the operator lets this use connect."""
    return use.value not in settings.OUTGOING_OFF


def off_reason(use: Use) -> str:
    """Why a use that is off does not connect."""
    return f"The operator of this installation switched {USES[use].label} off (OUTGOING_OFF)."


def as_markdown() -> str:
    """The table as `docs/security/outgoing.md` has it."""
    rows = [f"| `{use}` | {about.label} | {about.to} | {about.sends} | {about.begins} |" for use, about in USES.items()]
    head = "| word | what | to | takes along | begins with |\n|---|---|---|---|---|"
    return "\n".join((head, *rows)) + "\n"
