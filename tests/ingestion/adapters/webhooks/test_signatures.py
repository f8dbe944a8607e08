"""Signatures: genuine, forged, unsigned and stale deliveries, and secrets that are being changed."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks import Webhook

from ingestion.adapters.webhooks.signatures import Forged, Stale, delivery_id, event_name, verify
from ingestion.kinds import SourceKind

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BODY = '{"type":"run.failed","data":{"id":"é"}}'.encode()
PLAIN = "It's a Secret to Everybody"
WHSEC = "whsec_" + base64.b64encode(b"k" * 24).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 24).decode()
PRIVATE, ANOTHER = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
Headers = dict[str, str]


def public(key: Ed25519PrivateKey = PRIVATE) -> str:
    return "whpk_" + base64.b64encode(key.public_key().public_bytes_raw()).decode()


WHPK = public()


def digest(text: bytes, secret: str = PLAIN) -> str:
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def standard(at: datetime = NOW, secret: str = WHSEC, body: bytes = BODY) -> Headers:
    stamp = str(int(at.timestamp()))
    signature = Webhook(secret).sign("msg_1", at, body.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": signature}


def asymmetric(at: datetime = NOW, key: Ed25519PrivateKey = PRIVATE, body: bytes = BODY) -> Headers:
    stamp = str(int(at.timestamp()))
    signature = base64.b64encode(key.sign(b"msg_1." + stamp.encode() + b"." + body)).decode()
    return {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": f"v1a,{signature}"}


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
    (SourceKind.GENERIC, {"signature": "standard"}, WHPK, asymmetric(NOW + timedelta(minutes=4))),
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
    (SourceKind.STANDARD_WEBHOOKS, {}, "no base64!", standard(), "A Standard Webhooks secret is"),
    (SourceKind.STANDARD_WEBHOOKS, {}, WHSEC, {**standard(), "webhook-id": "msg_2"}, "does not match"),
    (SourceKind.STANDARD_WEBHOOKS, {}, WHSEC, {**standard(), "webhook-timestamp": "1e9"}, "not a number"),
    (SourceKind.STANDARD_WEBHOOKS, {}, WHSEC, {**standard(), "webhook-timestamp": "9" * 12}, "not a number"),
    (
        SourceKind.STANDARD_WEBHOOKS,
        {},
        WHSEC,
        {**standard(), "webhook-signature": "v2,y ,"},
        "no version",
    ),
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
    ("kind", "settings", "secret", "headers"), [one for one in GENUINE[:8] if one[0] is not SourceKind.GITLAB]
)
def test_a_changed_body_is_forged(kind: SourceKind, settings: dict[str, Any], secret: str, headers: Headers) -> None:
    with pytest.raises(Forged, match="does not match"):
        verify(kind, secret, settings, headers, BODY + b" ", NOW)


@pytest.mark.parametrize(("kind", "settings", "secret", "headers", "reason"), FORGED)
def test_forged(kind: SourceKind, settings: dict[str, Any], secret: str, headers: Headers, reason: str) -> None:
    with pytest.raises(Forged, match=reason):
        verify(kind, secret, settings, headers, BODY, NOW)


@pytest.mark.parametrize("minutes", [-6, 6])
@pytest.mark.parametrize("sign", [standard, asymmetric, stripe, slack])
def test_stale(sign: Any, minutes: int) -> None:
    settings = {"signature": "standard" if sign is asymmetric else sign.__name__}
    secret = {standard: WHSEC, asymmetric: WHPK}.get(sign, PLAIN)
    with pytest.raises(Stale, match="old" if minutes < 0 else "early"):
        verify(SourceKind.GENERIC, secret, settings, sign(NOW + timedelta(minutes=minutes)), BODY, NOW)


def check(secret: str, headers: Headers, body: bytes = BODY) -> None:
    verify(SourceKind.STANDARD_WEBHOOKS, secret, {}, headers, body, NOW)


def both(*headers: Headers) -> Headers:
    return {**headers[0], "webhook-signature": " ".join(one["webhook-signature"] for one in headers)}


def test_the_signature_of_the_specifications_own_test() -> None:
    seed = base64.b64decode("VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=")
    signature = "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": signature,
    }
    secret, body = public(Ed25519PrivateKey.from_private_bytes(seed)), b'{"test": 2432232314}'
    verify(SourceKind.STANDARD_WEBHOOKS, secret, {}, headers, body, datetime.fromtimestamp(1614265330, UTC))


@pytest.mark.parametrize("secret", [f"{WHSEC}\n{WHPK}", f"{public(ANOTHER)}\n{WHPK}", WHPK.rstrip("=")])
@pytest.mark.parametrize("headers", [asymmetric(), both(asymmetric(key=ANOTHER), asymmetric())])
def test_one_matching_key_is_enough(secret: str, headers: Headers) -> None:
    check(secret, headers)


def test_a_source_with_secret_and_public_key_takes_both_kinds() -> None:
    for headers in (standard(), asymmetric()):
        check(f"{WHSEC}\n{WHPK}", headers)


def test_a_private_key_signs_any_bytes() -> None:
    check(WHPK, asymmetric(body=b"\xff"), b"\xff")


def with_public_key_as_secret() -> Headers:
    """What somebody can make who knows the public key only."""
    return standard(secret="whsec_" + WHPK.removeprefix("whpk_"))


@pytest.mark.parametrize(
    ("secret", "headers", "reason"),
    [
        (WHPK, asymmetric(key=ANOTHER), "does not match"),
        (WHPK, {**asymmetric(), "webhook-id": "msg_2"}, "does not match"),
        (WHPK, {**asymmetric(), "webhook-timestamp": str(int(NOW.timestamp()) + 1)}, "does not match"),
        (WHPK, {**asymmetric(), "webhook-signature": "v1a,short"}, "does not match"),
        (WHPK, {**asymmetric(), "webhook-signature": "v1a,"}, "does not match"),
        (WHPK, {**asymmetric(), "webhook-signature": "v1a,é%"}, "does not match"),
        (WHPK, standard(), "signed with v1 .HMAC."),
        (WHPK, with_public_key_as_secret(), "signed with v1 .HMAC."),
        (f"{WHSEC}\n{WHPK}", with_public_key_as_secret(), "does not match"),
        (WHSEC, asymmetric(), "give this source the sender's public key"),
        ("whpk_AAAA", asymmetric(), "32 bytes"),
        ("whpk_%", asymmetric(), "32 bytes"),
        ("whsk_" + WHPK.removeprefix("whpk_"), asymmetric(), "private key"),
    ],
)
def test_keys_of_the_wrong_kind_and_forged_signatures(secret: str, headers: Headers, reason: str) -> None:
    with pytest.raises(Forged, match=reason):
        check(secret, headers)


def test_body_that_is_no_utf8_is_forged() -> None:
    with pytest.raises(Forged, match="does not match"):
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
