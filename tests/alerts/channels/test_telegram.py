"""Telegram as the Bot API documents it."""

import json
from html.parser import HTMLParser

import pytest

from accounts.retrying import Verdict
from alerts.analysis.notices import NoticeKind
from alerts.channels import CHANNELS
from tests.alerts.telling import notice, told_by
from tests.receivers import Answer, Received

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
CHAT = {"chat_id": "-100123"}


class Tags(HTMLParser):
    """Collects tags and text; entities are read."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def bot(received: Received, number: int) -> Answer:
    """Checks a call as the Bot API does."""
    told = json.loads(received.body)
    assert received.path.startswith(f"/bot{TOKEN}/")
    assert told["parse_mode"] == "HTML"
    found = Tags(told["text"])
    assert set(found.tags) <= {"b", "a"}
    assert 1 <= len(found.text) <= 4_096
    if received.path.endswith("/editMessageText"):
        assert isinstance(told["message_id"], int)
    else:
        assert received.path.endswith("/sendMessage")
    return Answer(200, json.dumps({"ok": True, "result": {"message_id": 42, "chat": {"id": -100123}}}).encode())


@pytest.fixture
def telegram(receiver, monkeypatch):
    monkeypatch.setattr("alerts.channels.telegram.BASE", receiver.url)
    receiver.answer = bot
    return receiver


def tell(kind: NoticeKind = NoticeKind.OPENED, reference=None, settings=None, **fields):
    return told_by("telegram", notice(kind, **fields), settings or CHAT, {"token": TOKEN}, reference)


def failing(status: int, **more: object) -> Answer:
    return Answer(status, json.dumps({"ok": False, "error_code": status, **more}).encode())


def test_one_message_is_changed_through_its_incident(telegram) -> None:
    made = tell()
    assert made.reference == {"chat_id": -100123, "message_id": 42}
    assert tell(NoticeKind.RESOLVED, made.reference).reference is None
    assert tell(NoticeKind.ESCALATED, made.reference).reference == made.reference
    assert [got.path.rsplit("/", 1)[1] for got in telegram.got] == ["sendMessage", "editMessageText", "sendMessage"]
    assert json.loads(telegram.got[2].body)["reply_parameters"]["message_id"] == 42


def test_a_topic(telegram) -> None:
    tell(settings={**CHAT, "thread_id": "7"})
    assert json.loads(telegram.got[0].body)["message_thread_id"] == 7


def test_text_of_others_is_no_markup(telegram) -> None:
    tell(what='<a href="https://evil.example">x</a> & </b>', lines=("<pre>",))
    found = Tags(json.loads(telegram.got[0].body)["text"])
    assert found.tags == ["b", "a", "a"]
    assert '<a href="https://evil.example">x</a> & </b>' in found.text


def test_long_digests_keep_under_the_limit_with_whole_tags(telegram) -> None:
    assert tell(NoticeKind.DIGEST, lines=("<&>" * 100,) * 300).result.verdict is Verdict.TAKEN
    assert json.loads(telegram.got[0].body)["text"].endswith("</a>")


def test_an_edit_that_changes_nothing_is_a_yes(telegram) -> None:
    telegram.answer = lambda received, number: failing(400, description="Bad Request: message is not modified: x")
    assert tell(NoticeKind.RESOLVED, {"chat_id": 1, "message_id": 2}).result.verdict is Verdict.TAKEN


def test_its_pause_is_kept_to(telegram) -> None:
    telegram.answer = lambda received, number: failing(
        429, description="Too Many Requests", parameters={"retry_after": 35}
    )
    pause = tell().result.pause
    assert pause is not None
    assert pause.total_seconds() == 35


def test_a_group_that_moved_tells_its_new_number(telegram) -> None:
    telegram.answer = lambda received, number: failing(
        400, description="Bad Request: group chat was upgraded", parameters={"migrate_to_chat_id": -1009}
    )
    result = tell().result
    assert (result.verdict, "-1009" in result.reason) == (Verdict.REFUSED, True)


def test_a_message_that_somebody_removed_becomes_a_new_one(telegram) -> None:
    gone = failing(400, description="Bad Request: message to edit not found")
    telegram.answer = lambda received, number: gone if "edit" in received.path else bot(received, number)
    outcome = tell(NoticeKind.RESOLVED, {"chat_id": 1, "message_id": 2})
    assert (outcome.forgets, outcome.reference) == (True, {"chat_id": -100123, "message_id": 42})


@pytest.mark.parametrize(("status", "said"), [(400, "Bad Request: chat not found"), (401, "Unauthorized")])
def test_what_is_set_up_wrong_is_refused(telegram, status, said) -> None:
    telegram.answer = lambda received, number: failing(status, description=said)
    result = tell().result
    assert result.verdict is Verdict.REFUSED
    assert TOKEN not in result.reason


@pytest.mark.parametrize(
    ("settings", "token", "field"),
    [
        (CHAT, "nonsense/../x", "token"),
        ({"chat_id": "my chat"}, TOKEN, "chat_id"),
        ({**CHAT, "thread_id": "x"}, TOKEN, "thread_id"),
        ({}, "", "token"),
    ],
)
def test_settings_that_cannot_work(settings, token, field) -> None:
    assert field in CHANNELS["telegram"].check(settings, {"token": token})
