"""PagerDuty: Events API v2. One alert for each incident, by its key: triggered, acknowledged, resolved.

Sources: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ (summary up to 1,024 characters, `dedup_key`
up to 255, an event up to 512 KB) and https://developer.pagerduty.com/docs/events-api-v2/overview/ (202 is a yes, 400 a
mistake, 429 and 5xx are tried again).
"""

from typing import Any

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop
from alerts.analysis.notices import Notice, NoticeKind
from alerts.channels.contract import (
    About,
    Field,
    Named,
    Reading,
    Request,
    Secrets,
    Settings,
    Told,
    as_json,
    cut,
    missing,
    read_status,
)
from alerts.channels.wording import facts, headline, lines, links

BASES = {"us": "https://events.pagerduty.com", "eu": "https://events.eu.pagerduty.com"}
MAX_SUMMARY, MAX_KEY = 1_024, 255
KEY_LETTERS = 32
FIELDS = (
    Field(
        "routing_key",
        gettext_noop("Integration key"),
        gettext_noop("Of a service: add the integration Events API v2. 32 letters and digits."),
        is_secret=True,
        is_required=True,
        max_length=64,
    ),
    Field(
        "region",
        gettext_noop("Service region"),
        choices=(("us", gettext_noop("United States")), ("eu", gettext_noop("European Union"))),
        is_required=True,
    ),
)
_ACTIONS = {NoticeKind.ACKNOWLEDGED: "acknowledge", NoticeKind.RESOLVED: "resolve"}


class PagerDuty(Named):
    """Alerts of a PagerDuty service."""

    kind = "pagerduty"
    english = "PagerDuty"
    told = gettext_noop("One alert for each incident: triggered, acknowledged and resolved with it.")
    source = "https://developer.pagerduty.com/docs/events-api-v2/overview/"
    fields = FIELDS

    def check(self, settings: Settings, secrets: Secrets) -> dict[str, str]:
        """What is wrong with them, by field."""
        reasons = missing(FIELDS, settings, secrets)
        key = secrets.get("routing_key", "")
        if key and not (key.isascii() and key.isalnum() and len(key) == KEY_LETTERS):
            reasons["routing_key"] = _("must be {count} letters and digits").format(count=KEY_LETTERS)
        return reasons

    def place(self, settings: Settings, secrets: Secrets) -> str:
        """The region."""
        return f"PagerDuty, {str(settings.get('region', '')).upper()}"

    def request(self, notice: Notice, settings: Settings, secrets: Secrets, about: About) -> Request:
        """An event."""
        action = _ACTIONS.get(notice.kind, "trigger")
        event: dict[str, Any] = {
            "routing_key": secrets["routing_key"],
            "event_action": action,
            "dedup_key": cut(notice.key, MAX_KEY),
        }
        if action == "trigger":
            event |= _alert(notice)
        return Request(f"{BASES[settings['region']]}/v2/enqueue", as_json(event))

    def read(self, told: Told, notice: Notice, about: About) -> Reading:
        """202 is a yes."""
        return Reading(read_status(told))


def _alert(notice: Notice) -> dict[str, Any]:
    details = {**dict(facts(notice)), **({_("Lines"): lines(notice)} if notice.lines else {})}
    payload = {
        "summary": headline(notice, MAX_SUMMARY),
        "source": notice.workflow or notice.team,
        "severity": notice.severity.value,
        "timestamp": notice.since.isoformat(),
        "component": notice.workflow,
        "group": notice.environment,
        "class": notice.rule,
        "custom_details": details,
    }
    return {
        "payload": {name: value for name, value in payload.items() if value},
        "client": "Steadyrun",
        "client_url": notice.incident_url or notice.url,
        "links": [{"href": link.url, "text": link.label} for link in links(notice)],
    }
