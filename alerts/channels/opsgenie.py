"""Opsgenie, and Jira Service Management that took its place: one alert for each incident, by its alias.

Sources: https://docs.opsgenie.com/docs/alert-api (message 130 characters, alias 512, description 15,000; 202 is a yes;
`identifierType=alias`) and https://support.atlassian.com/jira-service-management-cloud/ (the same interface under
`/jsm/ops/integration`). Opsgenie itself ends on 5 April 2027.
"""

from typing import Any
from urllib.parse import quote

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop
from accounts.retrying import Result, Verdict
from alerts.analysis.conditions import Severity
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
from alerts.channels.wording import facts, headline, plain_text, state

BASES = {
    "us": "https://api.opsgenie.com",
    "eu": "https://api.eu.opsgenie.com",
    "jsm": "https://api.atlassian.com/jsm/ops/integration",
}
MAX_MESSAGE, MAX_ALIAS, MAX_DESCRIPTION, MAX_NOTE = 130, 512, 15_000, 1_000
FIELDS = (
    Field(
        "api_key",
        gettext_noop("API key"),
        gettext_noop("Of an API integration: it may create, acknowledge and close alerts."),
        is_secret=True,
        is_required=True,
        max_length=300,
    ),
    Field(
        "region",
        gettext_noop("Where the account is"),
        choices=(
            ("us", gettext_noop("Opsgenie, United States")),
            ("eu", gettext_noop("Opsgenie, European Union")),
            ("jsm", gettext_noop("Jira Service Management")),
        ),
        is_required=True,
    ),
)
_PRIORITIES = {Severity.CRITICAL: "P1", Severity.WARNING: "P3", Severity.INFO: "P5"}
_ACTIONS = {NoticeKind.ACKNOWLEDGED: "acknowledge", NoticeKind.RESOLVED: "close"}


class Opsgenie(Named):
    """Alerts of an Opsgenie account."""

    kind = "opsgenie"
    english = "Opsgenie"
    told = gettext_noop(
        "Also Jira Service Management. One alert for each incident: created, acknowledged and closed with it."
    )
    source = "https://docs.opsgenie.com/docs/alert-api"
    fields = FIELDS

    def check(self, settings: Settings, secrets: Secrets) -> dict[str, str]:
        """What is wrong with them, by field."""
        reasons = missing(FIELDS, settings, secrets)
        key = secrets.get("api_key", "")
        if key and not (key.isascii() and key.isprintable() and " " not in key):
            reasons["api_key"] = _("may not have spaces or special letters")
        return reasons

    def place(self, settings: Settings, secrets: Secrets) -> str:
        """The place of the account."""
        return dict(FIELDS[1].options).get(str(settings.get("region", "")), "")

    def request(self, notice: Notice, settings: Settings, secrets: Secrets, about: About) -> Request:
        """Creates an alert, or acknowledges or closes it."""
        alias, base = cut(notice.key, MAX_ALIAS), f"{BASES[settings['region']]}/v2/alerts"
        headers = {"Authorization": f"GenieKey {secrets['api_key']}"}
        if action := _ACTIONS.get(notice.kind):
            url = f"{base}/{quote(alias, safe='')}/{action}?identifierType=alias"
            return Request(url, as_json(_note(notice)), headers)
        return Request(base, as_json({"alias": alias, **_alert(notice)}), headers)

    def read(self, told: Told, notice: Notice, about: About) -> Reading:
        """202 is a yes. An alert that is to be closed and is not there any more needs nothing."""
        result = read_status(told)
        if told.status == 404 and notice.kind in _ACTIONS:
            return Reading(Result(Verdict.TAKEN))
        return Reading(result)


def _alert(notice: Notice) -> dict[str, Any]:
    told = {
        "message": headline(notice, MAX_MESSAGE),
        "description": cut(plain_text(notice), MAX_DESCRIPTION),
        "details": dict(facts(notice)),
        "entity": cut(notice.workflow, 512),
        "source": "Steadyrun",
        "priority": _PRIORITIES[notice.severity],
        "tags": [cut(tag, 50) for tag in (notice.severity.value, notice.environment) if tag],
    }
    return {name: value for name, value in told.items() if value}


def _note(notice: Notice) -> dict[str, Any]:
    told = _("{state} by {name}.") if notice.by else _("{state}.")
    said = f"{told.format(state=state(notice), name=notice.by)} {notice.how_bad}".strip()
    return {"source": "Steadyrun", "note": cut(said, MAX_NOTE), **({"user": cut(notice.by, 100)} if notice.by else {})}
