"""Teams as its webhooks take cards."""

import json

import pytest

from accounts.retrying import Verdict
from alerts.analysis.notices import NoticeKind
from alerts.channels import CHANNELS
from tests.alerts.telling import notice, told_by
from tests.receivers import Answer, Received


def flow(received: Received, number: int) -> Answer:
    """Checks a card as a flow does, and answers as one."""
    told = json.loads(received.body)
    assert told["type"] == "message"
    assert len(received.body) <= 28 * 1024
    (attachment,) = told["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["content"]["type"] == "AdaptiveCard"
    for block in attachment["content"]["body"]:
        assert block["type"] == "RichTextBlock"
        assert all(run["type"] == "TextRun" and isinstance(run["text"], str) for run in block["inlines"])
    for action in attachment["content"]["actions"]:
        assert (action["type"], action["url"][:8]) == ("Action.OpenUrl", "https://")
    return Answer(202, b"")


def tell(url: str, **fields):
    return told_by("teams", notice(**fields), {}, {"webhook_url": f"{url}/workflows/1?sig=secret"})


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_each_notice_is_a_card(receiver, kind) -> None:
    receiver.answer = flow
    assert tell(receiver.url, kind=kind).result.verdict is Verdict.TAKEN
    assert receiver.got[0].path == "/workflows/1?sig=secret"
    assert "Error rate 12.4% of checkout" in receiver.got[0].body.decode()


def test_text_of_others_is_no_markdown(receiver) -> None:
    receiver.answer = flow
    tell(receiver.url, what="[here](https://evil.example) **x** <at>all</at>")
    body = json.loads(receiver.got[0].body)["attachments"][0]["content"]["body"]
    assert body[0]["inlines"][0]["text"] == "Critical: [here](https://evil.example) **x** <at>all</at>"


def test_a_long_digest_keeps_under_the_limit(receiver) -> None:
    receiver.answer = flow
    assert (
        tell(receiver.url, kind=NoticeKind.DIGEST, count=900, lines=("ü" * 300,) * 900).result.verdict is Verdict.TAKEN
    )
    assert "900 incidents" in receiver.got[0].body.decode()


@pytest.mark.parametrize(("code", "verdict"), [(429, Verdict.LATER), (413, Verdict.UNFIT)])
def test_a_yes_that_tells_of_an_error_is_none(receiver, code, verdict) -> None:
    said = f"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error {code}"
    receiver.answer = lambda received, number: Answer(200, said.encode())
    assert tell(receiver.url).result.verdict is verdict


def test_it_needs_an_address() -> None:
    assert CHANNELS["teams"].check({}, {}) == {"webhook_url": "must be filled in"}
