"""Discord as it documents webhooks."""

import json

import pytest

from accounts.retrying import Verdict
from alerts.analysis.notices import NoticeKind
from alerts.channels import CHANNELS
from tests.alerts.telling import notice, told_by
from tests.receivers import Answer, Received, TestReceiver


def discord(received: Received, number: int) -> Answer:
    """Checks limits and mentions, and answers with the message."""
    told = json.loads(received.body)
    assert told["allowed_mentions"] == {"parse": []}
    (embed,) = told["embeds"]
    assert len(embed["title"]) <= 256
    assert len(embed["description"]) <= 4_096
    assert len(embed["fields"]) <= 25
    assert all(1 <= len(one["value"]) <= 1_024 for one in embed["fields"])
    whole = len(embed["title"]) + len(embed["description"])
    assert whole + sum(len(one["name"]) + len(one["value"]) for one in embed["fields"]) <= 6_000
    if received.method == "PATCH":
        assert received.path.split("?")[0] == "/api/webhooks/1/abc/messages/99"
    else:
        assert received.path.startswith("/api/webhooks/1/abc?")
        assert "wait=true" in received.path
    return Answer(200, b'{"id": "99", "type": 0}')


def tell(receiver: TestReceiver, what, reference=None, query: str = ""):
    return told_by("discord", what, {}, {"webhook_url": f"{receiver.url}/api/webhooks/1/abc{query}"}, reference)


def test_one_message_is_changed_through_its_incident(receiver) -> None:
    receiver.answer = discord
    made = tell(receiver, notice(), query="?thread_id=7")
    assert made.reference == {"message_id": "99"}
    for kind in (NoticeKind.ACKNOWLEDGED, NoticeKind.RESOLVED):
        assert tell(receiver, notice(kind), made.reference, "?thread_id=7").result.verdict is Verdict.TAKEN
    assert [got.method for got in receiver.got] == ["POST", "PATCH", "PATCH"]
    assert all("thread_id=7" in got.path for got in receiver.got)


def test_text_of_others_pings_nobody_and_is_shown_as_it_is(receiver) -> None:
    receiver.answer = discord
    hostile = "@everyone <@1> [here](https://evil.example) **x** `y`"
    tell(receiver, notice(what=hostile, lines=(hostile,)))
    embed = json.loads(receiver.got[0].body)["embeds"][0]
    assert embed["title"] == r"Critical\: \@everyone \<\@1\> \[here\]\(https\://evil.example\) \*\*x\*\* \`y\`"


def test_long_notices_keep_under_the_limits(receiver) -> None:
    receiver.answer = discord
    long = "*" * 1_000
    told = notice(NoticeKind.DIGEST, what=long, how_bad=long, concentration=long, workflow=long, lines=(long,) * 99)
    assert tell(receiver, told).result.verdict is Verdict.TAKEN


def test_its_pause_is_kept_to(receiver) -> None:
    receiver.answer = lambda received, number: Answer(429, b'{"retry_after": 64.57, "global": false}')
    result = tell(receiver, notice()).result
    assert result.verdict is Verdict.LATER
    assert result.pause is not None
    assert result.pause.total_seconds() == pytest.approx(64.57)


def test_a_message_that_somebody_removed_becomes_a_new_one(receiver) -> None:
    gone = Answer(404, b'{"message": "Unknown Message", "code": 10008}')
    receiver.answer = lambda received, number: gone if received.method == "PATCH" else discord(received, number)
    outcome = tell(receiver, notice(NoticeKind.RESOLVED), {"message_id": "5"})
    assert (outcome.result.verdict, outcome.forgets, outcome.reference) == (Verdict.TAKEN, True, {"message_id": "99"})


def test_a_webhook_that_is_gone_is_refused(receiver) -> None:
    receiver.answer = lambda received, number: Answer(404, b'{"message": "Unknown Webhook", "code": 10015}')
    assert tell(receiver, notice(), {"message_id": "5"}).result.verdict is Verdict.REFUSED


def test_it_needs_an_address() -> None:
    assert CHANNELS["discord"].check({}, {}) == {"webhook_url": "must be filled in"}
