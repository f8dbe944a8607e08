"""Slack: an incoming webhook (each notice a message), or a bot token (one message that is updated).

Sources: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks,
https://docs.slack.dev/reference/methods/chat.postMessage, https://docs.slack.dev/reference/methods/chat.update,
https://docs.slack.dev/messaging/formatting-message-text (escape & < >), and block-kit's limit of 3,000 characters for
the text of a section. A webhook answers with words, the API with `{"ok": false, "error": ...}` and status 200.
"""

import re
from typing import Any

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop
from accounts.retrying import Result, Verdict
from alerts.analysis.notices import Notice, NoticeKind
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
)
from alerts.channels.places import host_of
from alerts.channels.wording import colour, facts, headline, lines, links

BASE = "https://slack.com/api"
MAX_TEXT = 3_000
FIELDS = (
    Field(
        "webhook_url",
        gettext_noop("Address of an incoming webhook"),
        gettext_noop("Or a bot token below."),
        is_secret=True,
        is_address=True,
        max_length=2_000,
    ),
    Field(
        "token",
        gettext_noop("Bot token"),
        gettext_noop("Begins with xoxb-; needs the scope chat:write."),
        is_secret=True,
    ),
    Field(
        "channel",
        gettext_noop("Channel"),
        gettext_noop("With a bot token: its id, or its name with #. Invite the bot there."),
        max_length=80,
    ),
)
_PASSING = frozenset(
    ["ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"]
)
_GONE = frozenset(["message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"])
_UNFIT = frozenset(["msg_too_long", "no_text", "invalid_blocks", "invalid_attachments", "too_many_attachments"])
# What a section may say, without the room that links need.
_ROOM = 2_400


class Slack(Named):
    """Messages in a Slack channel."""

    kind = "slack"
    english = "Slack"
    told = gettext_noop(
        "With a bot token one message that is updated; with an incoming webhook a message for each notice."
    )
    source = "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks"
    fields = FIELDS

    def check(self, settings: Settings, secrets: Secrets) -> dict[str, str]:
        """Either a webhook, or a token with a channel."""
        reasons = missing(FIELDS, settings, secrets)
        url, token = secrets.get("webhook_url"), secrets.get("token")
        if bool(url) == bool(token):
            reasons["webhook_url"] = _("must be filled in, or a bot token: one of the two")
        if token and not settings.get("channel"):
            reasons["channel"] = _("must be named beside a bot token")
        if token and not re.fullmatch(r"xox[a-z]-[A-Za-z0-9-]+", token):
            reasons |= {"token": _("must be a token of Slack: xoxb- and letters")}
        return reasons

    def place(self, settings: Settings, secrets: Secrets) -> str:
        """The channel, or the host of the webhook."""
        url = secrets.get("webhook_url")
        return host_of(url) if url else str(settings.get("channel", ""))

    def request(self, notice: Notice, settings: Settings, secrets: Secrets, about: About) -> Request:
        """A message, or what changes one."""
        body = message(notice)
        if url := secrets.get("webhook_url"):
            return Request(url, as_json(body))
        headers, method = {"Authorization": f"Bearer {secrets['token']}"}, "chat.postMessage"
        kept = about.reference
        if kept and notice.kind in UPDATING:
            body, method = {**body, "channel": kept["channel"], "ts": kept["ts"]}, "chat.update"
        else:
            body = {**body, "channel": settings["channel"], "unfurl_links": False}
            if kept and notice.kind is NoticeKind.ESCALATED:
                body |= {"channel": kept["channel"], "thread_ts": kept["ts"], "reply_broadcast": True}
        return Request(f"{BASE}/{method}", as_json(body), headers)

    def read(self, told: Told, notice: Notice, about: About) -> Reading:
        """A webhook answers `ok` in plain text; the API answers 200 with an error in its body."""
        result, answer = read_status(told), json_of(told.body)
        if result.verdict is not Verdict.TAKEN or "ok" not in answer:
            return Reading(result)
        if answer["ok"] is True:
            return Reading(result, _reference(answer, notice, about))
        error = str(answer.get("error", ""))[:80]
        verdict = Verdict.LATER if error in _PASSING else Verdict.UNFIT if error in _UNFIT else Verdict.REFUSED
        return Reading(Result(verdict, f"Slack answered: {error}"), is_gone=error in _GONE)


def message(notice: Notice) -> dict[str, Any]:
    """The text that a notification shows, and a coloured part with facts, lines and links."""
    told = "\n".join(
        [f"*{escape(label)}:* {escape(text)}" for label, text in facts(notice)]
        + [f"• {escape(line)}" for line in lines(notice)]
    )
    buttons = "   ".join(f"<{_address(link.url)}|{escape(link.label)}>" for link in links(notice))
    sections = [whole_entities(cut(told, _ROOM)), cut(buttons, MAX_TEXT) if len(buttons) <= MAX_TEXT else ""]
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in sections if text]
    return {
        "text": f"*{escape(headline(notice))}*",
        "attachments": [{"color": f"#{colour(notice):06x}", "blocks": blocks}],
    }


def escape(text: str) -> str:
    """Text that Slack shows as it is: without mentions, links or commands."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def whole_entities(text: str) -> str:
    """Escaped text that was cut, without half an entity at its end."""
    return re.sub(r"&[a-z]{0,3}(?=…$)", "", text)


def _address(url: str) -> str:
    return url.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E").replace("&", "&amp;")


def _reference(answer: dict[str, Any], notice: Notice, about: About) -> dict[str, Any] | None:
    """Where the message stands; a reply to it does not take its place."""
    if about.reference and (notice.kind in UPDATING or notice.kind is NoticeKind.ESCALATED):
        return None
    channel, ts = answer.get("channel"), answer.get("ts")
    return {"channel": channel, "ts": ts} if isinstance(channel, str) and isinstance(ts, str) else None
