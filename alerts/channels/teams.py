"""Microsoft Teams: an Adaptive Card to a webhook of the Workflows app.

Sources: https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
(the message around the card, 28 KB) and https://adaptivecards.io/explorer/ (version 1.4). Text of others stands in
text runs, which know no Markdown. A webhook cannot change a message: each notice is one. A flow answers 202; the older
connectors answer 200 and say in words that it failed.
"""

from typing import Any

from accounts.phrases import gettext_noop, ngettext
from accounts.retrying import Result, Verdict
from alerts.analysis.conditions import Severity
from alerts.analysis.notices import Notice
from alerts.channels.contract import (
    About,
    Field,
    Named,
    Reading,
    Request,
    Secrets,
    Settings,
    Told,
    answered,
    as_json,
    missing,
    read_status,
)
from alerts.channels.places import host_of
from alerts.channels.wording import facts, headline, lines, links
from monitoring import wording

MAX_BYTES = 28_000
FIELDS = (
    Field(
        "webhook_url",
        gettext_noop("Address of the webhook"),
        gettext_noop("From the Workflows app: Post to a channel when a webhook request is received."),
        is_secret=True,
        is_required=True,
        is_address=True,
        max_length=2_000,
    ),
)
_COLOURS = {Severity.CRITICAL: "Attention", Severity.WARNING: "Warning", Severity.INFO: "Accent"}


class Teams(Named):
    """Cards in a Teams channel."""

    kind = "teams"
    english = "Microsoft Teams"
    told = gettext_noop("A card for each notice: its webhooks cannot change one.")
    source = "https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using"
    fields = FIELDS

    def check(self, settings: Settings, secrets: Secrets) -> dict[str, str]:
        """What is wrong with them, by field."""
        return missing(FIELDS, settings, secrets)

    def place(self, settings: Settings, secrets: Secrets) -> str:
        """The host."""
        return host_of(secrets.get("webhook_url", ""))

    def request(self, notice: Notice, settings: Settings, secrets: Secrets, about: About) -> Request:
        """A message with one card, without further lines where it would be too long with them."""
        body = as_json(message(notice, lines(notice)))
        if len(body) > MAX_BYTES:
            body = as_json(message(notice, [_too_many(len(notice.lines))]))
        return Request(secrets["webhook_url"], body)

    def read(self, told: Told, notice: Notice, about: About) -> Reading:
        """A 200 that tells of an error is none."""
        result = read_status(told)
        if result.verdict is Verdict.TAKEN and b"failed with error" in told.body.lower():
            verdict = Verdict.LATER if b"429" in told.body else Verdict.UNFIT
            return Reading(Result(verdict, answered(told)))
        return Reading(result)


def message(notice: Notice, further: list[str]) -> dict[str, Any]:
    """The message around the card."""
    tone = "Good" if notice.is_resolved else _COLOURS[notice.severity]
    body = [
        _text({"text": headline(notice), "weight": "Bolder", "size": "Medium", "color": tone}),
        *(_text({"text": f"{label}: ", "weight": "Bolder"}, {"text": text}) for label, text in facts(notice)),
        *(_text({"text": f"• {line}"}) for line in further),
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": link.label, "url": link.url} for link in links(notice)],
    }
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "summary": headline(notice), "attachments": [content]}


def _too_many(number: int) -> str:
    told = ngettext("{count} incident: the list is on the page.", "{count} incidents: the list is on the page.", number)
    return told.format(count=wording.count(number))


def _text(*runs: dict[str, str]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", **run} for run in runs]}
