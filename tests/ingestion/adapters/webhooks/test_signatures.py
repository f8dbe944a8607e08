"""Signatures: genuine, forged, unsigned and stale deliveries, and secrets that are being changed."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from ingestion.adapters.webhooks.signatures import Forged, Stale, delivery_id, event_name, verify
from ingestion.kinds import SourceKind

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BODY = '{"type":"run.failed","data":{"id":"é"}}'.encode()
PLAIN = "It's a Secret to Everybody"
WHSEC = "whsec_" + base64.b64encode(b"k" * 24).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 24).decode()
Headers = dict[str, str]


def digest(text: bytes, secret: str = PLAIN) -> str:
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def standard(at: datetime = NOW, secret: str = WHSEC, body: bytes = BODY) -> Headers:
    stamp = str(int(at.timestamp()))
    signature = Webhook(secret).sign("msg_1", at, body.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": signature}


def stripe(at: datetime = NOW, secret: str = PLAIN) -> Headers:
    stamp = str(int(at.timestamp()))
    return {"stripe-signature": f"t={stamp},v1={digest(stamp.encode() + b'.' + BODY, secret)},v0=old"}


def slack(at: datetime = NOW, secret: str = PLAIN) -> Headers:
    stamp = str(int(at.timestamp()))
    signed = digest(b"v0:" + stamp.encode() + b":" + BODY, secret)
    return {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={signed}"}


def basic(password: str) -> Headers:
    return {"authorization": "Basic " + base64.b64encode(f"user:{password}".encode()).decode()}


GENUINE: list[tuple[SourceKind, dict[str, Any], str, Headers]] = [
    (SourceKind.STANDARD_WEBHOOKS, {}, WHSEC, standard()),
    (SourceKind.GENERIC, {"signature": "standard"}, WHSEC, standard(NOW - timedelta(minutes=4))),
    (SourceKind.STANDARD_WEBHOOKS, {}, f"{OTHER}\n{WHSEC}", standard()),
    (SourceKind.GITHUB, {}, PLAIN, {"x-hub-signature-256": f"sha256={digest(BODY)}"}),
    (SourceKind.GITLAB, {}, PLAIN, {"x-gitlab-token": PLAIN}),
    (SourceKind.GENERIC, {"signature": "stripe"}, PLAIN, stripe()),
    (SourceKind.GENERIC, {"signature": "slack"}, PLAIN, slack()),
    (
        SourceKind.GRAFANA,
        {"signature": "hmac", "header": "X-Grafana-Alerting-Signature"},
        PLAIN,
        {"x-grafana-alerting-signature": digest(BODY)},
    ),
    (SourceKind.N8N, {}, PLAIN, {"authorization": f"Bearer {PLAIN}"}),
    (SourceKind.ALERTMANAGER, {}, PLAIN, basic(PLAIN)),
    (SourceKind.AIRFLOW, {"header": "X-My-Token"}, f"new\n{PLAIN}", {"x-my-token": PLAIN}),
]
FORGED: list[tuple[SourceKind, dict[str, Any], str, Headers, str]] = [
    (SourceKind.STANDARD_WEBHOOKS, {}, WHSEC, {}, "webhook-id is missing"),
    (SourceKind.STANDARD_WEBHOOKS, {}, OTHER, standard(), "does not match"),
    (SourceKind.STANDARD_WEBHOOKS, {}, "no base64!", standard(), "no Standard Webhooks secret"),
    (SourceKind.STANDARD_WEBHOOKS, {}, WHSEC, {**standard(), "webhook-id": "msg_2"}, "does not match"),
    (SourceKind.STANDARD_WEBHOOKS, {}, WHSEC, {**standard(), "webhook-timestamp": "1e9"}, "not a number"),
    (SourceKind.STANDARD_WEBHOOKS, {}, WHSEC, {**standard(), "webhook-timestamp": "9" * 12}, "not a number"),
    (SourceKind.STANDARD_WEBHOOKS, {}, WHSEC, {**standard(), "webhook-signature": "v1a,x v2,y ,"}, "does not match"),
    (SourceKind.GITHUB, {}, PLAIN, {}, "X-Hub-Signature-256 is missing"),
    (SourceKind.GITHUB, {}, PLAIN, {"x-hub-signature-256": "sha256=" + "0" * 64}, "does not match"),
    (SourceKind.GITHUB, {}, PLAIN, {"x-hub-signature-256": "sha256=é"}, "does not match"),
    (SourceKind.GITLAB, {}, PLAIN, {"x-gitlab-token": PLAIN + " "}, "not this source's"),
    (SourceKind.GENERIC, {"signature": "stripe"}, PLAIN, {"stripe-signature": "t=1"}, "does not match"),
    (SourceKind.GENERIC, {"signature": "slack"}, PLAIN, slack(secret="other"), "does not match"),
    (SourceKind.GENERIC, {"signature": "soap"}, PLAIN, {}, "no known signature"),
    (SourceKind.N8N, {}, PLAIN, {}, "No secret was sent"),
    (SourceKind.N8N, {}, PLAIN, basic("wrong"), "not this source's"),
    (SourceKind.N8N, {}, PLAIN, {"authorization": "Basic %%%"}, "No secret was sent"),
    (SourceKind.N8N, {}, "\n \n", {"authorization": "Bearer "}, "no known signature"),
]


@pytest.mark.parametrize(("kind", "settings", "secret", "headers"), GENUINE)
def test_genuine(kind: SourceKind, settings: dict[str, Any], secret: str, headers: Headers) -> None:
    verify(kind, secret, settings, headers, BODY, NOW)


@pytest.mark.parametrize(
    ("kind", "settings", "secret", "headers"), [one for one in GENUINE[:7] if one[0] is not SourceKind.GITLAB]
)
def test_a_changed_body_is_forged(kind: SourceKind, settings: dict[str, Any], secret: str, headers: Headers) -> None:
    with pytest.raises(Forged, match="does not match"):
        verify(kind, secret, settings, headers, BODY + b" ", NOW)


@pytest.mark.parametrize(("kind", "settings", "secret", "headers", "reason"), FORGED)
def test_forged(kind: SourceKind, settings: dict[str, Any], secret: str, headers: Headers, reason: str) -> None:
    with pytest.raises(Forged, match=reason):
        verify(kind, secret, settings, headers, BODY, NOW)


@pytest.mark.parametrize("minutes", [-6, 6])
@pytest.mark.parametrize("sign", [standard, stripe, slack])
def test_stale(sign: Any, minutes: int) -> None:
    settings = {"signature": sign.__name__}
    secret = WHSEC if sign is standard else PLAIN
    with pytest.raises(Stale, match="old" if minutes < 0 else "early"):
        verify(SourceKind.GENERIC, secret, settings, sign(NOW + timedelta(minutes=minutes)), BODY, NOW)


def test_body_that_is_no_utf8_is_forged() -> None:
    with pytest.raises(Forged, match="UTF-8"):
        verify(SourceKind.STANDARD_WEBHOOKS, WHSEC, {}, standard(), b"\xff", NOW)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"webhook-id": "msg_1", "idempotency-key": "x"}, "msg_1"),
        ({"x-github-delivery": "72d3162e"}, "72d3162e"),
        ({"idempotency-key": "k", "x-gitlab-event-uuid": "u"}, "k"),
        ({"x-gitlab-event-uuid": "u"}, "u"),
    ],
)
def test_id_of_a_delivery(headers: Headers, found: str) -> None:
    assert delivery_id(headers, BODY) == found


def test_delivery_without_id_gets_the_digest_of_its_body() -> None:
    assert delivery_id({}, BODY) == delivery_id({}, BODY) != delivery_id({}, BODY + b" ")
    assert len(delivery_id({"webhook-id": "x" * 500}, BODY)) <= 200


def test_name_of_the_event() -> None:
    assert event_name({"x-github-event": "workflow_run"}, {"action": "completed"}) == "workflow_run completed"
    assert event_name({}, {"type": "run.failed"}) == "run.failed"
    assert event_name({}, []) == ""
