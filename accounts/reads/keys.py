"""The API keys of a team, as its page and the API show them; never their text."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F

from accounts.models import ApiKey, Scope

MAX_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key with its state: `works`, `ends` (it works and will end), `expired` or `revoked`."""

    key: ApiKey
    state: str
    made_by: str
    stands_for: str

    @property
    def is_live(self) -> bool:
        """Whether it works now."""
        return self.state in ("works", "ends")

    @property
    def scope_labels(self) -> list[str]:
        """What it may be used for, in words."""
        return [Scope(scope).label for scope in self.key.scopes]

    def cells(self) -> tuple[Any, ...]:
        """The row as a file has it."""
        one = self.key
        times = [at.isoformat() if at else None for at in (one.created_at, one.expires_at, one.last_used_at)]
        kinds = " ".join(one.source_kinds) or "all"
        return (
            one.name,
            one.prefix,
            self.state,
            " ".join(one.scopes),
            kinds,
            self.stands_for,
            self.made_by,
            *times,
            one.id,
        )


def keys_of(team_id: UUID, now: datetime) -> list[KeyRow]:
    """Keys that work first, the latest first; at most `MAX_SHOWN`. One query."""
    rows = ApiKey.objects.filter(team_id=team_id).select_related("created_by", "member")
    found = rows.order_by(F("revoked_at").desc(nulls_first=True), "-created_at", "id")[:MAX_SHOWN]
    made = [
        KeyRow(
            one,
            state_of(one, now),
            one.created_by.email if one.created_by else "",
            one.member.email if one.member else "",
        )
        for one in found
    ]
    return sorted(made, key=lambda row: not row.is_live)


def state_of(key: ApiKey, now: datetime) -> str:
    """Whether a key works."""
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is None:
        return "works"
    return "expired" if key.expires_at <= now else "ends"
