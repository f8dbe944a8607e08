"""Everything for which the installation opens a connection to somewhere else, in one table.

The operator switches any of them off in `OUTGOING_OFF`; what is not in this table is not called.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop


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

    def spoken(self) -> "About":
        """The same in the language of who reads."""
        return About(_(self.label), _(self.to), _(self.sends), _(self.begins))


USES: dict[Use, About] = {
    Use.MAIL: About(
        gettext_noop("E-mail"),
        gettext_noop("the mail server in EMAIL_URL"),
        gettext_noop("alerts, weekly reviews, monthly costs, invitations and links to set a password"),
        gettext_noop("an alert, Monday, the first of a month, or a member"),
    ),
    Use.ALERTS: About(
        gettext_noop("Alert channels"),
        gettext_noop(
            "the addresses of Slack, Teams, Discord, PagerDuty, Opsgenie, Telegram, webhook and Alertmanager channels"
        ),
        gettext_noop("what broke, since when, how bad, names of workflows and nodes, links; never a payload"),
        gettext_noop("an incident, or the button that sends a test"),
    ),
    Use.FORWARDING: About(
        gettext_noop("Destinations"),
        gettext_noop("the OpenTelemetry, Elasticsearch, Loki and Prometheus addresses of a team's destinations"),
        gettext_noop("the telemetry that the destination is set to, redacted before"),
        gettext_noop("a report that came in"),
    ),
    Use.TRACKERS: About(
        gettext_noop("Issue tracker"),
        gettext_noop("the webhook address of a team's tracker"),
        gettext_noop("the title, text, state and link of an improvement"),
        gettext_noop("an improvement that is made or changes"),
    ),
    Use.SIGN_IN: About(
        gettext_noop("Identity providers"),
        gettext_noop("the OpenID Connect or SAML provider of a team"),
        gettext_noop("the code of a sign-in and the client's own secret"),
        gettext_noop("a member who signs in by their company"),
    ),
    Use.ARCHIVE: About(
        gettext_noop("Archive"),
        gettext_noop("the S3-compatible store of a team's archive, or of the installation's"),
        gettext_noop("executions that retention is about to delete; what is restored is read from there"),
        gettext_noop("a retention run, or somebody who restores a day"),
    ),
    Use.AUDIT: About(
        gettext_noop("Audit stream"),
        gettext_noop(
            "the webhook address that follows a team's audit log, and the one that follows that of the installation"
        ),
        gettext_noop("events of the audit log"),
        gettext_noop("an event"),
    ),
}


def is_on(use: Use) -> bool:
    """Whether the operator lets this use connect."""
    return use.value not in settings.OUTGOING_OFF


def off_reason(use: Use) -> str:
    """Why a use that is off does not connect."""
    return _("The operator of this installation switched {what} off (OUTGOING_OFF).").format(what=_(USES[use].label))


def as_markdown() -> str:
    """The table as `docs/security/outgoing.md` has it."""
    rows = [f"| `{use}` | {about.label} | {about.to} | {about.sends} | {about.begins} |" for use, about in USES.items()]
    head = "| word | what | to | takes along | begins with |\n|---|---|---|---|---|"
    return "\n".join((head, *rows)) + "\n"
