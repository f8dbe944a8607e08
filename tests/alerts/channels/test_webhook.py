"""Webhooks as their receivers verify them."""

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.retrying import Verdict
from alerts.analysis.notices import NoticeKind
from alerts.channels import CHANNELS
from alerts.channels.webhook import TYPES, new_secret
from tests.alerts.telling import NOW, notice, told_by


def test_each_notice_is_signed_and_has_the_id_of_its_incident(receiver, monkeypatch) -> None:
    secret = new_secret()
    for kind in NoticeKind:
        assert told_by("webhook", notice(kind), {"url": receiver.url}, {"secret": secret}).status == 200
    monkeypatch.setattr("standardwebhooks.webhooks.Webhook._Webhook__verify_timestamp", lambda self, headers: NOW)
    for kind, got in zip(NoticeKind, receiver.got, strict=True):
        told = Webhook(secret).verify(got.body, got.headers)
        assert told["type"] == TYPES[kind]
        assert told["data"]["key"] == "incident-1"
        assert told["data"]["what"] == "Error rate 12.4% of checkout"
        assert got.headers["content-type"] == "application/json"
        assert got.headers["webhook-id"] == "msg_" + "ab" * 16
        with pytest.raises(WebhookVerificationError):
            Webhook(new_secret()).verify(got.body, got.headers)


@pytest.mark.parametrize("secret", ["", "plain", "whsec_", "whsec_!!", "whsec_YWJj", "whsec_" + "YWJj" * 40])
def test_secrets_that_are_none(secret) -> None:
    assert "secret" in CHANNELS["webhook"].check({"url": "https://x.example"}, {"secret": secret})


def test_a_long_digest_is_cut(receiver) -> None:
    long = notice(NoticeKind.DIGEST, lines=tuple(f"{'x' * 1_000} {number}" for number in range(2_000)), count=2_000)
    outcome = told_by("webhook", long, {"url": receiver.url}, {"secret": new_secret()})
    assert outcome.result.verdict is Verdict.TAKEN
    assert len(receiver.got[0].body) < 64 * 1024
