"""Telegram: a bot writes into a chat, and changes its message.

Source: https://core.telegram.org/bots/api (sendMessage, editMessageText, `parse_mode` HTML, 4,096 characters after
entities, `ResponseParameters` with `retry_after` and `migrate_to_chat_id`).
"""

import html
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
    json_of,
    missing,
    one_line,
    read_status,
    seconds,
)
from alerts.channels.wording import facts, headline, lines, links

BASE = "https://api.telegram.org"
MAX_TEXT = 4_096
FIELDS = (
    Field(
        "token",
        gettext_noop("Token of the bot"),
        gettext_noop("From @BotFather: digits, a colon, letters."),
        is_secret=True,
        is_required=True,
    ),
    Field(
        "chat_id",
        gettext_noop("Chat"),
        gettext_noop("Its number, or @name of a public channel."),
        is_required=True,
        max_length=80,
    ),
    Field(
        "thread_id",
        gettext_noop("Topic"),
        gettext_noop("The number of a topic, where the group has topics."),
        max_length=20,
    ),
)
_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")
_WRONG_PLACE = ("chat not found", "message thread not found", "not enough rights", "need administrator rights")


class Telegram(Named):
    """Messages in a Telegram chat."""

    kind = "telegram"
    english = "Telegram"
    told = gettext_noop("One message for each incident, changed when it is acknowledged or resolved.")
    source = "https://core.telegram.org/bots/api"
    fields = FIELDS

    def check(self, settings: Settings, secrets: Secrets) -> dict[str, str]:
        """What is wrong with them, by field."""
        reasons, token = missing(FIELDS, settings, secrets), secrets.get("token", "")
        chat, thread = str(settings.get("chat_id", "")), str(settings.get("thread_id", ""))
        if token and not re.fullmatch(r"[0-9]{3,20}:[A-Za-z0-9_-]{20,120}", token):
            reasons |= {"token": _("must be digits, a colon and letters, as @BotFather wrote it")}
        if chat and not re.fullmatch(r"-?[0-9]{1,20}|@[A-Za-z0-9_]{3,64}", chat):
            reasons["chat_id"] = _("must be a number, or @ and a name")
        if thread and not re.fullmatch(r"[0-9]{1,18}", thread):
            reasons["thread_id"] = _("must be a number")
        return reasons

    def place(self, settings: Settings, secrets: Secrets) -> str:
        """The chat."""
        return _("chat {id}").format(id=settings.get("chat_id", ""))

    def request(self, notice: Notice, settings: Settings, secrets: Secrets, about: About) -> Request:
        """A message, or what changes one."""
        url, kept = f"{BASE}/bot{secrets['token']}", about.reference
        body: dict[str, Any] = {
            "text": text_of(notice),
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
        }
        if kept and notice.kind in UPDATING:
            body |= {"chat_id": kept["chat_id"], "message_id": kept["message_id"]}
            return Request(f"{url}/editMessageText", as_json(body))
        body["chat_id"] = settings["chat_id"]
        if settings.get("thread_id"):
            body["message_thread_id"] = int(settings["thread_id"])
        if kept and notice.kind is NoticeKind.ESCALATED:
            body["reply_parameters"] = {"message_id": kept["message_id"], "allow_sending_without_reply": True}
        return Request(f"{url}/sendMessage", as_json(body))

    def read(self, told: Told, notice: Notice, about: About) -> Reading:
        """The id of the message, and what an error means."""
        result, answer = read_status(told), json_of(told.body)
        if result.verdict is Verdict.TAKEN:
            return Reading(result, None if about.reference and notice.kind in UPDATING else _reference(answer))
        said, more = str(answer.get("description", "")).lower(), answer.get("parameters")
        more = more if isinstance(more, dict) else {}
        if "message is not modified" in said:
            return Reading(Result(Verdict.TAKEN))
        if "migrate_to_chat_id" in more:
            new = f"The group has a new number: {more['migrate_to_chat_id']}. Enter it."
            return Reading(Result(Verdict.REFUSED, new))
        verdict = Verdict.REFUSED if any(words in said for words in _WRONG_PLACE) else result.verdict
        is_gone = any(words in said for words in _GONE)
        return Reading(Result(verdict, result.reason, seconds(more.get("retry_after"))), is_gone=is_gone)


def text_of(notice: Notice) -> str:
    """The message as HTML; whole lines are left out where it would be too long."""
    ways = [f'<a href="{html.escape(link.url)}">{html.escape(link.label)}</a>' for link in links(notice)]
    told = [f"<b>{html.escape(headline(notice))}</b>"]
    told += [f"{html.escape(label)}: {html.escape(one_line(text))}" for label, text in facts(notice)]
    last = ["", *ways] if ways else []
    room = MAX_TEXT - sum(len(line) + 1 for line in [*told, *last]) - 20
    for line in (f"• {html.escape(one)}" for one in lines(notice)):
        room -= len(line) + 1
        if room < 0:
            told.append("• …")
            break
        told.append(line)
    return "\n".join([*told, *last])


def _reference(answer: dict[str, object]) -> dict[str, int] | None:
    result = answer.get("result")
    if not isinstance(result, dict) or not isinstance(result.get("chat"), dict):
        return None
    chat, message = result["chat"].get("id"), result.get("message_id")
    return {"chat_id": chat, "message_id": message} if isinstance(chat, int) and isinstance(message, int) else None
