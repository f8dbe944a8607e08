"""Discord: a webhook; the message of an incident is changed by its id.

Sources: https://discord.com/developers/docs/resources/webhook#execute-webhook (`wait=true` answers with the message),
#edit-webhook-message, https://discord.com/developers/docs/resources/message#embed-object-embed-limits (title 256,
description 4,096, 25 fields of 256 and 1,024, 6,000 in all) and #allowed-mentions-object: nobody is mentioned.
"""

import re
from typing import Any

from accounts.phrases import gettext_noop
from accounts.retrying import Result, Verdict
from alerts.analysis.notices import Notice
from alerts.channels.contract import (
    UPDATING,
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
    json_of,
    missing,
    read_status,
    seconds,
)
from alerts.channels.places import host_of, joined
from alerts.channels.wording import colour, facts, headline, lines, links

MAX_TITLE, MAX_DESCRIPTION, MAX_VALUE = 256, 1_800, 400
UNKNOWN_MESSAGE = 10008
FIELDS = (
    Field(
        "webhook_url",
        gettext_noop("Address of the webhook"),
        gettext_noop("From the channel's settings: Integrations, Webhooks."),
        is_secret=True,
        is_required=True,
        is_address=True,
        max_length=2_000,
    ),
)
_MARKUP = re.compile(r"([\\*_~`|>#\[\]()<:@-])")


class Discord(Named):
    """Messages in a Discord channel."""

    kind = "discord"
    english = "Discord"
    told = gettext_noop(
        "One message for each incident, changed when it is acknowledged or resolved. It mentions nobody."
    )
    source = "https://discord.com/developers/docs/resources/webhook"
    fields = FIELDS

    def check(self, settings: Settings, secrets: Secrets) -> dict[str, str]:
        """What is wrong with them, by field."""
        return missing(FIELDS, settings, secrets)

    def place(self, settings: Settings, secrets: Secrets) -> str:
        """The host."""
        return host_of(secrets.get("webhook_url", ""))

    def request(self, notice: Notice, settings: Settings, secrets: Secrets, about: About) -> Request:
        """A message, or what changes one."""
        url, body = secrets["webhook_url"], as_json(message(notice))
        if about.reference and notice.kind in UPDATING:
            return Request(joined(url, f"/messages/{about.reference['message_id']}"), body, method="PATCH")
        return Request(joined(url, wait="true"), body)

    def read(self, told: Told, notice: Notice, about: About) -> Reading:
        """The id of the message; pauses are told in the body, too."""
        result, answer = read_status(told), json_of(told.body)
        if result.verdict is Verdict.TAKEN:
            id = answer.get("id")
            return Reading(result, {"message_id": id} if isinstance(id, str) and id.isdigit() else None)
        if told.status == 429:
            return Reading(Result(result.verdict, result.reason, seconds(answer.get("retry_after"))))
        return Reading(result, is_gone=told.status == 404 and answer.get("code") == UNKNOWN_MESSAGE)


def message(notice: Notice) -> dict[str, Any]:
    """A message with one embed, which mentions nobody."""
    further = "\n".join(f"• {escape(line)}" for line in lines(notice))
    ways = " · ".join(f"[{link.label}]({_address(link.url)})" for link in links(notice))
    described = "\n\n".join(part for part in (cut(further, MAX_DESCRIPTION), ways) if part)
    embed = {
        "title": cut(escape(headline(notice)), MAX_TITLE),
        "description": described,
        "color": colour(notice),
        "timestamp": notice.since.isoformat(),
        "fields": [{"name": label, "value": cut(escape(text), MAX_VALUE)} for label, text in facts(notice)],
    }
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def escape(text: str) -> str:
    """Text that Discord shows as it is."""
    return _MARKUP.sub(r"\\\1", text)


def _address(url: str) -> str:
    return url.replace("(", "%28").replace(")", "%29").replace(" ", "%20")
