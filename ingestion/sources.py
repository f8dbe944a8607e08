"""Finding the source of a request: by its key and protocol, or by the address it reports to.

What is found is remembered per process for a few seconds, so a change is in force everywhere soon and a busy source
costs no query. A key's source is made when the key first reports by a protocol.
"""

import hashlib
import secrets
import string
import time
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from rest_framework.exceptions import PermissionDenied

from accounts.encryption import decrypt, encrypt
from accounts.models import ApiKey
from accounts.services.team_life import closed_words
from accounts.tenancy import team_context
from ingestion.kinds import KINDS, Completeness, CostRule, SourceKind, effective_completeness
from ingestion.models import Source, SourceAddress

REMEMBERED_SECONDS = 5.0
MAX_REMEMBERED = 10_000
ADDRESS_LENGTH = 24
_LETTERS = string.ascii_letters + string.digits


class SourceInfo(Struct, frozen=True, kw_only=True):
    """A source as the ways in need it: its defaults, and how its reports are verified and read."""

    team_id: UUID
    id: UUID
    kind: SourceKind
    name: str = ""
    environment: str | None = None
    workflow: str | None = None
    secret: str | None = None
    mapping: dict[str, Any] | None = None
    settings: dict[str, Any] = {}
    completeness: Completeness = Completeness.COMPLETE
    sample_rate: int | None = None
    cost_rule: CostRule = CostRule.TOLD
    is_active: bool = True
    # The key that found it, where one did, and what that key may alone (0: as its team; burst 0: twice the rate).
    key_id: UUID | None = None
    key_requests_per_second: int = 0
    key_burst: int = 0


_remembered: dict[object, tuple[float, SourceInfo]] = {}


def forget_sources() -> None:
    """Empties what this process remembers: after a source was changed here, and for tests."""
    _remembered.clear()


def _recall(key: object) -> SourceInfo | None:
    found = _remembered.get(key)
    return found[1] if found and found[0] > time.monotonic() else None


def _remember(key: object, info: SourceInfo) -> SourceInfo:
    if len(_remembered) >= MAX_REMEMBERED:
        _remembered.clear()
    _remembered[key] = (time.monotonic() + REMEMBERED_SECONDS, info)
    return info


def info_of(source: Source) -> SourceInfo:
    """What the ways in need of a source. Raises `accounts.encryption.Unreadable`."""
    return SourceInfo(
        team_id=source.team_id,
        id=source.id,
        kind=SourceKind(source.kind),
        name=source.name,
        environment=source.environment or None,
        workflow=source.workflow or None,
        secret=decrypt(bytes(source.secret)) if source.secret else None,
        mapping=source.mapping,
        settings=source.settings,
        completeness=effective_completeness(SourceKind(source.kind), source.completeness),
        sample_rate=source.sample_rate,
        cost_rule=CostRule(source.cost_rule),
        is_active=source.is_active,
    )


def source_id_of_key(key_id: UUID, kind: SourceKind) -> UUID:
    """The id of the source that a key is when used with a protocol: derived, so that two requests make one source."""
    digest = hashlib.blake2b(key_id.bytes + kind.encode(), digest_size=16, person=b"source").digest()
    return UUID(bytes=digest)


def find_by_key(key: ApiKey, kind: SourceKind, now: datetime) -> SourceInfo:
    """The source of this key and protocol, made if it is not there yet. Raises `PermissionDenied`."""
    if key.source_kinds and kind not in key.source_kinds:
        raise PermissionDenied(f"This API key may not report by '{kind}'. It may by: {', '.join(key.source_kinds)}.")
    found = source_id_of_key(key.id, kind)
    if info := _recall(found):
        return info
    with team_context(key.team_id):
        source = Source.objects.filter(id=found).first()
        if source is None:
            name = f"{KINDS[kind].label} · {key.name}"[:120]
            fresh = Source(id=found, team_id=key.team_id, kind=kind, name=name, api_key=key, created_at=now)
            Source.objects.bulk_create([fresh], ignore_conflicts=True)
            source = Source.objects.get(id=found)
    rate, burst = key.requests_per_second or 0, key.burst or 0
    own = replace(info_of(source), key_id=key.id, key_requests_per_second=rate, key_burst=burst)
    return _remember(found, own)


def find_by_address(address: str) -> SourceInfo | None:
    """The source that reports to this address, or None; also one that is switched off.

    Raises `PermissionDenied` when its team is being deleted.
    """
    if info := _recall(address):
        return info
    addresses = SourceAddress.objects.select_related("team")
    known = addresses.filter(address=address).first() if _is_address(address) else None
    if known is None:
        return None
    if known.team.erased_from is not None:
        raise PermissionDenied(closed_words(known.team.erased_from))
    with team_context(known.team_id):
        source = Source.objects.filter(id=known.source_id).first()
    return _remember(address, info_of(source)) if source else None


def _is_address(text: str) -> bool:
    """Whether a text may be an address; the database would not even look for one with NUL in it."""
    return len(text) <= 64 and text.isascii() and text.isalnum()


def new_address() -> str:
    """A fresh address: 142 random bits, so it can be guessed no better than a key."""
    return "".join(secrets.choice(_LETTERS) for _ in range(ADDRESS_LENGTH))


def add_source(
    *,
    team_id: UUID,
    kind: SourceKind,
    name: str,
    secret: str | None = None,
    api_key: ApiKey | None = None,
    **fields: Any,
) -> Source:
    """Makes a source: with an address of its own, or of a key. Call it inside the team's context.

    `fields` are further columns of `Source`.
    """
    has_address = KINDS[kind].has_address
    source = Source(
        team_id=team_id,
        kind=kind,
        name=name[:120],
        api_key=api_key,
        address=new_address() if has_address else "",
        secret=encrypt(secret) if secret else None,
        **fields,
    )
    if api_key is not None and not has_address:
        source.id = source_id_of_key(api_key.id, kind)
    source.save(force_insert=True)
    if has_address:
        SourceAddress.objects.create(address=source.address, team_id=team_id, source_id=source.id)
    return source
