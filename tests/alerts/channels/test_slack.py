"""Slack as it documents its webhooks and its API."""

import json

import pytest

from accounts.retrying import Verdict
from alerts.analysis.notices import NoticeKind
from alerts.channels import CHANNELS
from tests.alerts.telling import notice, told_by
from tests.receivers import Answer, Received

HOSTILE = "<!channel> & <@U1> *bold* <https://evil.example|here>"
BOT, TOKEN = {"channel": "#alerts"}, {"token": "xoxb-1-abc"}


def api(received: Received, number: int) -> Answer:
    """Checks what chat.postMessage and chat.update need, and answers as they do."""
    told = json.loads(received.body)
    assert received.headers["authorization"] == "Bearer xoxb-1-abc"
    assert received.headers["content-type"].startswith("application/json")
    assert told["channel"]
    assert len(told["text"]) < 40_000
    for part in told["attachments"]:
        assert all(1 <= len(block["text"]["text"]) <= 3_000 for block in part["blocks"])
    if received.path == "/chat.update":
        assert told["ts"]
        return Answer(200, json.dumps({"ok": True, "channel": told["channel"], "ts": told["ts"]}).encode())
    assert received.path == "/chat.postMessage"
    return Answer(200, json.dumps({"ok": True, "channel": "C024", "ts": f"15.{number}"}).encode())


@pytest.fixture
def slack(receiver, monkeypatch):
    monkeypatch.setattr("alerts.channels.slack.BASE", receiver.url)
    receiver.answer = api
    return receiver


def test_one_message_is_updated_through_its_incident(slack) -> None:
    made = told_by("slack", notice(), BOT, TOKEN)
    assert made.reference == {"channel": "C024", "ts": "15.0"}
    for kind in (NoticeKind.ACKNOWLEDGED, NoticeKind.RESOLVED):
        outcome = told_by("slack", notice(kind), BOT, TOKEN, made.reference)
        assert (outcome.result.verdict, outcome.reference) == (Verdict.TAKEN, None)
    again = told_by("slack", notice(NoticeKind.REOPENED), BOT, TOKEN, made.reference)
    assert again.reference == {"channel": "C024", "ts": "15.3"}
    paths = [got.path for got in slack.got]
    assert paths == ["/chat.postMessage", "/chat.update", "/chat.update", "/chat.postMessage"]
    assert {json.loads(got.body).get("ts") for got in slack.got[1:3]} == {"15.0"}


def test_an_escalation_answers_in_the_thread_and_in_the_channel(slack) -> None:
    outcome = told_by("slack", notice(NoticeKind.ESCALATED), BOT, TOKEN, {"channel": "C024", "ts": "15.0"})
    told = json.loads(slack.got[0].body)
    assert (told["thread_ts"], told["reply_broadcast"]) == ("15.0", True)
    assert outcome.reference is None


def test_a_webhook_gets_a_message_for_each_notice(receiver) -> None:
    receiver.answer = lambda received, number: Answer(200, b"ok")
    for kind in NoticeKind:
        outcome = told_by("slack", notice(kind), {}, {"webhook_url": f"{receiver.url}/services/T/B/x"})
        assert (outcome.result.verdict, outcome.reference) == (Verdict.TAKEN, None)
    assert {got.path for got in receiver.got} == {"/services/T/B/x"}


def test_text_of_others_mentions_nobody_and_links_nowhere(slack) -> None:
    told_by("slack", notice(what=HOSTILE, concentration=HOSTILE, lines=(HOSTILE,), url="https://x/|<b>"), BOT, TOKEN)
    text = slack.got[0].body.decode()
    assert "<!channel>" not in text
    assert "<@U1>" not in text
    assert "<https://evil" not in text
    assert "&lt;!channel&gt; &amp; &lt;@U1&gt;" in text
    assert "<https://x/%7C%3Cb%3E|See what fails>" in text


def test_long_notices_are_cut_between_entities(slack) -> None:
    told_by("slack", notice(NoticeKind.DIGEST, lines=tuple("&" * 299 for _ in range(100))), BOT, TOKEN)
    text = json.loads(slack.got[0].body)["attachments"][0]["blocks"][0]["text"]["text"]
    assert text.endswith("…")
    assert text.count("&") == text.count("&amp;")


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        ("invalid_auth", Verdict.REFUSED),
        ("not_in_channel", Verdict.REFUSED),
        ("internal_error", Verdict.LATER),
        ("msg_too_long", Verdict.UNFIT),
    ],
)
def test_errors_of_the_api(slack, error, verdict) -> None:
    slack.answer = lambda received, number: Answer(200, json.dumps({"ok": False, "error": error}).encode())
    result = told_by("slack", notice(), BOT, TOKEN).result
    assert (result.verdict, result.reason) == (verdict, f"Slack answered: {error}")


def test_a_message_that_somebody_removed_becomes_a_new_one(slack) -> None:
    gone = Answer(200, b'{"ok": false, "error": "message_not_found"}')
    slack.answer = lambda received, number: gone if received.path == "/chat.update" else api(received, number)
    outcome = told_by("slack", notice(NoticeKind.RESOLVED), BOT, TOKEN, {"channel": "C024", "ts": "15.0"})
    assert outcome.result.verdict is Verdict.TAKEN
    assert outcome.forgets
    assert outcome.reference == {"channel": "C024", "ts": "15.1"}


@pytest.mark.parametrize(
    ("settings", "secrets", "field"),
    [
        ({}, {}, "webhook_url"),
        ({"channel": "#a"}, {"webhook_url": "https://hooks.slack.com/x", "token": "xoxb-1"}, "webhook_url"),
        ({}, {"token": "xoxb-1"}, "channel"),
        ({"channel": "#a"}, {"token": "Bearer x\r\ny"}, "token"),
    ],
)
def test_settings_that_cannot_work(settings, secrets, field) -> None:
    assert field in CHANNELS["slack"].check(settings, secrets)
