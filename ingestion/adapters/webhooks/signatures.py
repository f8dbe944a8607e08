"""Who sent a delivery: signatures, secrets in headers, and the time for which a signed delivery is good.

A source's secret may be several, one a line: while a secret is changed, old and new ones both hold. Comparing takes
the same time whatever differs.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ingestion.adapters.webhooks.standard_keys import ASYMMETRIC, SYMMETRIC, Key, read_key
from ingestion.kinds import SourceKind

TOLERANCE = timedelta(minutes=5)
MAX_SIGNATURES = 20
MAX_ID = 200

Headers = Mapping[str, str]


class Forged(Exception):
    """The delivery is not signed, or not by who knows the secret (401)."""


class Stale(Exception):
    """The delivery is signed for another time than now: it may be a replay (400)."""


def _equal(told: str | bytes, expected: str | bytes) -> bool:
    told, expected = (one.encode() if isinstance(one, str) else one for one in (told, expected))
    return hmac.compare_digest(told, expected)


def _header(headers: Headers, name: str) -> str:
    value = headers.get(name.lower())
    if not value:
        raise Forged(f"The header {name} is missing: this source takes signed deliveries only.")
    return value


def _check_age(told: str, now: datetime) -> None:
    """Raises `Stale` for a time (whole seconds since 1970) further from now than the tolerance, `Forged` for none."""
    if not (told.isascii() and told.isdigit() and len(told) <= 11):
        raise Forged("The time of the signature is not a number of seconds since 1970.")
    age = now - datetime.fromtimestamp(int(told), UTC)
    if abs(age) > TOLERANCE:
        word = "old" if age > timedelta(0) else "early"
        minutes = TOLERANCE // timedelta(minutes=1)
        raise Stale(f"The signature is too {word}: it is good for {minutes} minutes. Check the sender's clock.")


def _hex_hmac(secret: str, text: bytes) -> str:
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def _any_hex(signatures: list[str], secrets: list[str], text: bytes) -> None:
    """Raises `Forged` unless one of the signatures was made with one of the secrets."""
    expected = [_hex_hmac(secret, text) for secret in secrets]
    if not any(_equal(told.lower(), one) for told in signatures[:MAX_SIGNATURES] for one in expected):
        raise Forged("The signature does not match: the secret differs, or the body was changed on its way.")


def _standard(secrets: list[str], headers: Headers, body: bytes, now: datetime, settings: Mapping[str, Any]) -> None:
    """Standard Webhooks: `v1` by a secret, `v1a` by the private key of a public one. Any of several may match."""
    message, told_at = _header(headers, "webhook-id"), _header(headers, "webhook-timestamp")
    told = [one.partition(",") for one in _header(headers, "webhook-signature").split(" ")[:MAX_SIGNATURES]]
    _check_age(told_at, now)
    at = datetime.fromtimestamp(int(told_at), UTC)
    try:
        keys = [read_key(secret) for secret in secrets]
    except ValueError as error:
        raise Forged(f"A secret of this source cannot be used. {error}") from error
    pairs = [(signature, key) for version, _, signature in told for key in keys if version == key.version]
    if not pairs:
        raise Forged(_wrong_version([version for version, _, _ in told], keys))
    if not any(key.verifies(signature, message, at, body) for signature, key in pairs):
        raise Forged("The signature does not match: the secret or key differs, or the body was changed on its way.")


def _wrong_version(told: list[str], keys: list[Key]) -> str:
    """What to do where a delivery is signed by another kind of key than the source has."""
    if ASYMMETRIC in told:
        return "It is signed with v1a (ed25519): give this source the sender's public key, whpk_ and base64."
    if SYMMETRIC in told and any(key.version == ASYMMETRIC for key in keys):
        return "It is signed with v1 (HMAC), and this source has a public key (whpk_): give it the secret, whsec_."
    return "The signature does not match: it is of no version that is known (v1, v1a)."


def _github(secrets: list[str], headers: Headers, body: bytes, now: datetime, settings: Mapping[str, Any]) -> None:
    told = _header(headers, "X-Hub-Signature-256")
    _any_hex([told.removeprefix("sha256=")], secrets, body)


def _stripe(secrets: list[str], headers: Headers, body: bytes, now: datetime, settings: Mapping[str, Any]) -> None:
    """`Stripe-Signature: t=...,v1=...`, several `v1` while a secret changes. Signed is `t.body`."""
    pairs = [part.strip().partition("=") for part in _header(headers, "Stripe-Signature").split(",")]
    at = next((value for name, _, value in pairs if name == "t"), "")
    _any_hex([value for name, _, value in pairs if name == "v1"], secrets, at.encode() + b"." + body)
    _check_age(at, now)


def _slack(secrets: list[str], headers: Headers, body: bytes, now: datetime, settings: Mapping[str, Any]) -> None:
    """`X-Slack-Signature: v0=...`. Signed is `v0:time:body`."""
    at, told = _header(headers, "X-Slack-Request-Timestamp"), _header(headers, "X-Slack-Signature")
    _any_hex([told.removeprefix("v0=")], secrets, b"v0:" + at.encode() + b":" + body)
    _check_age(at, now)


def _plain_hmac(secrets: list[str], headers: Headers, body: bytes, now: datetime, settings: Mapping[str, Any]) -> None:
    """Hex HMAC-SHA256 of the body in a header of the sender's choice, with or without `sha256=`."""
    told = _header(headers, str(settings.get("header") or "X-Signature"))
    _any_hex([told.strip().removeprefix("sha256=")], secrets, body)


def _told_tokens(headers: Headers, name: str | None) -> list[str]:
    """Where a secret may stand: the source's own header, else the usual ones."""
    if name:
        return [_header(headers, name)]
    kind, _, value = headers.get("authorization", "").partition(" ")
    told = [headers.get("x-api-key", ""), headers.get("x-webhook-secret", "")]
    if kind.lower() in ("bearer", "token", "splunk"):
        told.append(value.strip())
    if kind.lower() == "basic":
        told.append(_password(value))
    return [one for one in told if one]


def _password(credentials: str) -> str:
    try:
        return base64.b64decode(credentials.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _token(secrets: list[str], headers: Headers, body: bytes, now: datetime, settings: Mapping[str, Any]) -> None:
    name = settings.get("header")
    told = _told_tokens(headers, str(name) if name else None)
    if not told:
        raise Forged("No secret was sent: put it into the header Authorization, as 'Bearer <secret>'.")
    if not any(_equal(one, secret) for one in told for secret in secrets):
        raise Forged("The secret in the header is not this source's.")


def _gitlab(secrets: list[str], headers: Headers, body: bytes, now: datetime, settings: Mapping[str, Any]) -> None:
    _token(secrets, headers, body, now, {"header": "X-Gitlab-Token"})


Check = Callable[[list[str], Headers, bytes, datetime, Mapping[str, Any]], None]
CHECKS: dict[str, Check] = {
    "standard": _standard,
    "github": _github,
    "gitlab": _gitlab,
    "stripe": _stripe,
    "slack": _slack,
    "hmac": _plain_hmac,
    "token": _token,
}
_DEFAULTS = {
    SourceKind.STANDARD_WEBHOOKS: "standard",
    SourceKind.GITHUB: "github",
    SourceKind.GITLAB: "gitlab",
}
# Senders' ids of a delivery, the same when it is sent again. Names in lower case, the first one told counts.
_ID_HEADERS = ("webhook-id", "x-github-delivery", "idempotency-key", "x-gitlab-event-uuid")
_EVENT_HEADERS = ("x-github-event", "x-gitlab-event")
_EVENT_FIELDS = ("type", "event", "object_kind", "action", "schemaId")


def verify(
    kind: SourceKind, secret: str, settings: Mapping[str, Any], headers: Headers, body: bytes, now: datetime
) -> None:
    """Checks a delivery of a source that has a secret. `headers` have names in lower case.

    `settings["signature"]` says how it is signed (a key of `CHECKS`), `settings["header"]` in which header. Raises
    `Forged` or `Stale`.
    """
    secrets = [line.strip() for line in secret.splitlines() if line.strip()]
    check = CHECKS.get(str(settings.get("signature") or _DEFAULTS.get(kind, "token")))
    if check is None or not secrets:
        raise Forged("This source does not say how deliveries are signed. Its settings name no known signature.")
    check(secrets, headers, body, now, settings)


def delivery_id(headers: Headers, body: bytes) -> str:
    """The sender's id of a delivery, else a digest of its body: the same body is then the same delivery."""
    told = next((headers[name] for name in _ID_HEADERS if headers.get(name)), None)
    if told is None:
        return f"sha256-{hashlib.sha256(body).hexdigest()}"
    text = told.strip().encode("utf-8", "replace").decode().replace("\x00", "")
    return text if len(text) <= MAX_ID else f"sha256-{hashlib.sha256(text.encode()).hexdigest()}"


def event_name(headers: Headers, body: Any) -> str:
    """What kind of event a delivery is, in a few words; empty when nothing says it."""
    words = [headers[name] for name in _EVENT_HEADERS if headers.get(name)]
    if isinstance(body, dict):
        told = (body.get(name) for name in _EVENT_FIELDS)
        words += [value for value in told if isinstance(value, str) and value]
    return " ".join(dict.fromkeys(words[:2]))[:MAX_ID]
