"""A passkey as a browser registers one, so that the pages that list and change passkeys can read it."""

import base64
import hashlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData


def credential(mark: str) -> dict[str, Any]:
    """What allauth keeps of a registration (WebAuthn level 2, section 5.1); `mark` tells one from another."""
    id, origin = mark.encode(), "https://isolation.test"
    key = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.AT
    told = AttestedCredentialData.create(Aaguid.NONE, id, key)
    data = AuthenticatorData.create(hashlib.sha256(origin.encode()).digest(), flags, 0, told)
    client = CollectedClientData.create(type="webauthn.create", origin=origin, challenge=bytes(32))
    attestation = AttestationObject.create("none", data, {})
    return {
        "id": _text(id),
        "rawId": _text(id),
        "type": "public-key",
        "response": {"clientDataJSON": _text(bytes(client)), "attestationObject": _text(bytes(attestation))},
        "clientExtensionResults": {"credProps": {"rk": False}},
    }


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
