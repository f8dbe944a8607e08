"""API keys: made, replaced with an overlap, revoked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts import formats
from accounts.keys import make_key
from accounts.models import ApiKey, Scope, User
from accounts.names import name_of
from accounts.permissions import scopes_of

MAX_NAME = 80
MAX_KEYS = 500
MAX_OVERLAP_HOURS = 24 * 30
MAX_RATE = 1_000_000


class KeyRefused(Exception):
    """A key that cannot be made: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """Requests a second of one key, and at once; 0 or None: as its team, and twice the rate at once."""

    requests_per_second: int | None = None
    burst: int | None = None

    def faults(self) -> dict[str, str]:
        """What is wrong, by field."""
        told = {"requests_per_second": self.requests_per_second, "burst": self.burst}
        reason = _("must be from 0 to {most}").format(most=formats.count(MAX_RATE))
        found = {name: reason for name, one in told.items() if one and one > MAX_RATE}
        if self.burst and not self.requests_per_second:
            found["burst"] = _("needs requests a second")
        return found


@dataclass(frozen=True, slots=True)
class WantedKey:
    """What somebody asks for. `source_kinds`: protocols that it may report by, none for all. `for_member`: whom it
    stands for."""

    name: str
    scopes: Collection[str]
    source_kinds: Collection[str] = ()
    expires_at: datetime | None = None
    for_member: User | None = None
    limits: KeyLimits = KeyLimits()


@dataclass(frozen=True, slots=True)
class Issued:
    """A key with its text, which nobody can read again."""

    key: ApiKey
    text: str


@transaction.atomic
def add_key(
    *,
    team_id: UUID,
    wanted: WantedKey,
    allowed: Collection[str],
    known_kinds: Collection[str],
    by: User | None,
    now: datetime,
) -> Issued:
    """Makes a key. `allowed` are the scopes that the one who asks may give. Raises `KeyRefused`."""
    name = name_of(wanted.name)
    if reasons := _faults(team_id, wanted, name, allowed, known_kinds, now):
        raise KeyRefused(reasons)
    return _issue(
        ApiKey(
            team_id=team_id,
            name=name,
            scopes=[scope for scope in Scope.values if scope in wanted.scopes],
            source_kinds=sorted(set(wanted.source_kinds)),
            expires_at=wanted.expires_at,
            member=wanted.for_member,
            created_by=by,
            created_at=now,
            requests_per_second=wanted.limits.requests_per_second or None,
            burst=wanted.limits.burst or None,
        )
    )


@transaction.atomic
def rotate_key(*, team_id: UUID, key_id: UUID, hours: int, by: User | None, now: datetime) -> Issued:
    """Makes a key like another; the old one ends in `hours`. Raises `KeyRefused` and `ApiKey.DoesNotExist`.

    The new one lasts as long as the old one did, from now.
    """
    old = live_keys(team_id, now).select_for_update(of=("self",)).get(id=key_id)
    if not 0 <= hours <= MAX_OVERLAP_HOURS:
        raise KeyRefused({"hours": _("must be from 0 to {most}").format(most=MAX_OVERLAP_HOURS)})
    # Its end is that of the overlap by now: a key like it would last as short.
    if old.replaced_at is not None:
        raise KeyRefused({"key": _("was replaced already: replace the newer one, or make another")})
    lasted = old.expires_at - old.created_at if old.expires_at else None
    issued = _issue(
        ApiKey(
            team_id=team_id,
            name=old.name,
            scopes=old.scopes,
            source_kinds=old.source_kinds,
            expires_at=now + lasted if lasted else None,
            member_id=old.member_id,
            created_by=by,
            created_at=now,
            requests_per_second=old.requests_per_second,
            burst=old.burst,
        )
    )
    end = now + timedelta(hours=hours)
    old.expires_at = min(end, old.expires_at) if old.expires_at else end
    old.replaced_at = now
    old.save(update_fields=["expires_at", "replaced_at"])
    return issued


@transaction.atomic
def revoke_key_of(*, team_id: UUID, key_id: UUID, now: datetime) -> bool:
    """Makes a key unusable from now on. Whether there was such a one."""
    one = ApiKey.objects.select_for_update().filter(team_id=team_id, id=key_id, revoked_at__isnull=True).first()
    if one is None:
        return False
    one.revoked_at = now
    one.save(update_fields=["revoked_at"])
    return True


@transaction.atomic
def limit_key(*, team_id: UUID, key_id: UUID, limits: KeyLimits) -> ApiKey:
    """Gives a key a rate of its own, or takes it away. Raises `KeyRefused` and `ApiKey.DoesNotExist`.

    Ways in take it in within seconds.
    """
    if reasons := limits.faults():
        raise KeyRefused(reasons)
    one = ApiKey.objects.select_for_update().get(team_id=team_id, id=key_id)
    one.requests_per_second, one.burst = limits.requests_per_second or None, limits.burst or None
    one.save(update_fields=["requests_per_second", "burst"])
    return one


def scopes_to_give(role: str) -> list[str]:
    """The scopes that a member with this role may give to a key, in order: none that they could not use themselves."""
    return [scope for scope in Scope.values if scope in scopes_of(role)]


def live_keys(team_id: UUID, now: datetime) -> QuerySet[ApiKey]:
    """Keys of a team that work now."""
    keys = ApiKey.objects.filter(team_id=team_id, revoked_at__isnull=True)
    return keys.exclude(expires_at__lte=now)


def _issue(key: ApiKey) -> Issued:
    fresh = make_key()
    key.prefix, key.secret_hash = fresh.prefix, fresh.secret_hash
    key.save(force_insert=True)
    return Issued(key, fresh.text)


def _faults(
    team_id: UUID,
    wanted: WantedKey,
    name: str,
    allowed: Collection[str],
    known_kinds: Collection[str],
    now: datetime,
) -> dict[str, str]:
    found = wanted.limits.faults()
    if not name or len(name) > MAX_NAME:
        found["name"] = _("must be told, with at most {most} characters that can be seen").format(most=MAX_NAME)
    if not wanted.scopes:
        found["scopes"] = _("must be at least one")
    elif beyond := sorted(set(wanted.scopes) - set(allowed)):
        found["scopes"] = _("must be of those that you may give; not: {scopes}").format(scopes=", ".join(beyond))
    if unknown := sorted(set(wanted.source_kinds) - set(known_kinds)):
        found["source_kinds"] = _("are not known: {kinds}").format(kinds=", ".join(unknown))
    if wanted.expires_at is not None and wanted.expires_at <= now:
        found["expires_at"] = _("must be in the future")
    if live_keys(team_id, now).count() >= MAX_KEYS:
        found["keys"] = _("are at most {most}").format(most=MAX_KEYS)
    return found
