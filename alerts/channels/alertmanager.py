"""Alertmanager of Prometheus: one alert for each incident, by its labels.

Source: https://prometheus.io/docs/alerting/latest/alerts_api/ (labels identify an alert, RFC 3339 times). Alertmanager
forgets an alert that is not sent again: at `endsAt`, or without one after its `resolve_timeout`, and at a restart. So
an open one is sent with `endsAt` some minutes ahead, as Prometheus does, and again every five minutes (`repeat`);
where Steadyrun is gone for longer than that, Alertmanager resolves it by itself.
"""

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop
from accounts.retrying import Result
from alerts.analysis.notices import Notice, NoticeKind
from alerts.channels.contract import (
    About,
    Field,
    Named,
    Reading,
    Reference,
    Request,
    Secrets,
    Settings,
    Told,
    as_json,
    cut,
    missing,
    read_status,
)
from alerts.channels.places import host_of, joined
from alerts.channels.wording import facts, headline, lines, links

PATH = "/api/v2/alerts"
REPEAT_EVERY = timedelta(minutes=5)
ENDS_AFTER = timedelta(minutes=15)
MAX_LABEL = 200
FIELDS = (
    Field(
        "url",
        gettext_noop("Address of Alertmanager"),
        gettext_noop("Without /api/v2/alerts."),
        is_required=True,
        is_address=True,
        max_length=2_000,
    ),
    Field("user", gettext_noop("User"), gettext_noop("Where a proxy in front of it asks for one."), max_length=200),
    Field("password", gettext_noop("Password of the user"), is_secret=True),
    Field(
        "token",
        gettext_noop("Bearer token"),
        gettext_noop("In place of user and password."),
        is_secret=True,
        max_length=2_000,
    ),
)


class Alertmanager(Named):
    """Alerts in an Alertmanager, which tells whom it is set up to tell."""

    kind = "alertmanager"
    english = "Alertmanager"
    told = gettext_noop("One alert for each incident, sent again every five minutes while it is open.")
    source = "https://prometheus.io/docs/alerting/latest/alerts_api/"
    fields = FIELDS

    def check(self, settings: Settings, secrets: Secrets) -> dict[str, str]:
        """What is wrong with them, by field."""
        reasons = missing(FIELDS, settings, secrets)
        if bool(settings.get("user")) != bool(secrets.get("password")):
            reasons["user"] = _("must be filled in together with a password, or neither")
        if secrets.get("token") and settings.get("user"):
            reasons |= {"token": _("cannot be used beside a user")}
        token = secrets.get("token", "")
        if not token.isascii() or not token.isprintable():
            reasons |= {"token": _("has a letter that headers cannot carry")}
        return reasons

    def place(self, settings: Settings, secrets: Secrets) -> str:
        """The host."""
        return host_of(settings.get("url", ""))

    def request(self, notice: Notice, settings: Settings, secrets: Secrets, about: About) -> Request:
        """One alert that fires, or is over."""
        return _post([_timed(alert(notice, about.reference), notice, about.now)], settings, secrets)

    def read(self, told: Told, notice: Notice, about: About) -> Reading:
        """What is open is kept, to be sent again."""
        is_open = notice.kind not in (NoticeKind.DIGEST, NoticeKind.TEST, NoticeKind.RESOLVED)
        return Reading(read_status(told), alert(notice, about.reference) if is_open else None)

    def repeat(self, references: Sequence[Reference], settings: Settings, secrets: Secrets, now: datetime) -> Request:
        """All open alerts once more, in one request."""
        return _post([{**one, "endsAt": (now + ENDS_AFTER).isoformat()} for one in references], settings, secrets)

    def read_repeat(self, told: Told) -> Result:
        """What the answer to that means."""
        return read_status(told)


def alert(notice: Notice, kept: Reference | None) -> dict[str, Any]:
    """An alert without its end. Labels stay those that were sent first: they identify it."""
    labels = {
        "alertname": notice.rule or notice.what,
        "incident": notice.key,
        "severity": notice.severity.value,
        "workflow": notice.workflow,
        "environment": notice.environment,
        "team": notice.team,
        "source": "steadyrun",
    }
    annotations = {"summary": headline(notice), "description": "\n".join([*_facts(notice), *lines(notice)])}
    annotations |= {link.name: link.url for link in links(notice)}
    return {
        "labels": kept["labels"] if kept else {name: cut(text, MAX_LABEL) for name, text in labels.items() if text},
        "annotations": annotations,
        "startsAt": notice.since.isoformat(),
        "generatorURL": notice.incident_url or notice.url,
    }


def _facts(notice: Notice) -> list[str]:
    return [f"{label}: {text}" for label, text in facts(notice)]


def _timed(one: dict[str, Any], notice: Notice, now: datetime) -> dict[str, Any]:
    if notice.is_resolved:
        return {**one, "endsAt": min(notice.resolved_at or now, now).isoformat()}
    return {**one, "endsAt": (now + ENDS_AFTER).isoformat()}


def _post(alerts: list[dict[str, Any]], settings: Settings, secrets: Secrets) -> Request:
    url = settings["url"].rstrip("/")
    return Request(url if url.endswith(PATH) else joined(url, PATH), as_json(alerts), _authorization(settings, secrets))


def _authorization(settings: Settings, secrets: Secrets) -> dict[str, str]:
    if token := secrets.get("token"):
        return {"Authorization": f"Bearer {token}"}
    if user := settings.get("user"):
        pair = base64.b64encode(f"{user}:{secrets.get('password', '')}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    return {}
