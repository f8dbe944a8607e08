"""The API keys of a team, as its page and the API show them; never their text."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Sum
from django.utils.translation import gettext as _

from accounts.models import ApiKey, KeyDay, Scope
from accounts.ports import source_kinds

MAX_SHOWN = 1_000
# A key that ends within this is warned of, so that it can be replaced in time.
SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key with its state: `works`, `ends` (it works and will end), `expired` or `revoked`."""

    key: ApiKey
    state: str
    made_by: str
    stands_for: str
    # Whole days until it ends; None where it does not end soon.
    ends_in_days: int | None = None

    @property
    def is_live(self) -> bool:
        """Whether it works now."""
        return self.state in ("works", "ends")

    @property
    def is_to_replace(self) -> bool:
        """Whether it ends soon and nothing has taken its place."""
        return self.ends_in_days is not None and self.key.replaced_at is None

    @property
    def ends_at(self) -> datetime | None:
        """When it ended or will end."""
        return self.key.revoked_at or self.key.expires_at

    @property
    def kinds(self) -> list[str]:
        """The protocols that it may report by, in words; none: all."""
        words = dict(source_kinds())
        return [_(words.get(kind, kind)) for kind in self.key.source_kinds]

    @property
    def dialog(self) -> str:
        """Its id, as part of a name in a page."""
        return str(self.key.id)

    @property
    def scope_labels(self) -> list[str]:
        """What it may be used for, in words."""
        return [str(Scope(scope).label) for scope in self.key.scopes]

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
            one.requests_per_second,
            one.burst,
        )


def keys_of(team_id: UUID, now: datetime) -> list[KeyRow]:
    """Keys that work first, the latest first; at most `MAX_SHOWN`. One query."""
    rows = ApiKey.objects.filter(team_id=team_id).select_related("created_by", "member")
    found = rows.order_by(F("revoked_at").desc(nulls_first=True), "-created_at", "id")[:MAX_SHOWN]
    return sorted((row_of(one, now) for one in found), key=lambda row: not row.is_live)


def row_of(key: ApiKey, now: datetime) -> KeyRow:
    """One key as it is shown."""
    state = state_of(key, now)
    left = key.expires_at - now if state == "ends" and key.expires_at else None
    return KeyRow(
        key,
        state,
        key.created_by.email if key.created_by else "",
        key.member.email if key.member else "",
        left.days if left is not None and left <= SOON else None,
    )


def find_key(team_id: UUID, key_id: UUID, now: datetime) -> KeyRow | None:
    """One key of the team."""
    one = ApiKey.objects.filter(team_id=team_id, id=key_id).select_related("created_by", "member").first()
    return row_of(one, now) if one is not None else None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a key asked of the API, and what its limits refused; of a day or of several."""

    reads: int = 0
    refused: int = 0


def asked_by_day(team_id: UUID, key_id: UUID, since: date) -> list[tuple[date, Asked]]:
    """The days (UTC) of a key from a day on, the newest first."""
    rows = KeyDay.objects.filter(team_id=team_id, key_id=key_id, day__gte=since).order_by("-day")
    return [(row.day, Asked(row.read_count, row.refused_count)) for row in rows]


def asked_by_key(team_id: UUID, since: date) -> dict[UUID, Asked]:
    """What each key asked from a day (UTC) on. One query."""
    rows = KeyDay.objects.filter(team_id=team_id, day__gte=since).values("key_id").order_by("key_id")
    summed = rows.annotate(reads=Sum("read_count"), refused=Sum("refused_count"))
    return {row["key_id"]: Asked(row["reads"], row["refused"]) for row in summed}


def state_of(key: ApiKey, now: datetime) -> str:
    """Whether a key works."""
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is None:
        return "works"
    return "expired" if key.expires_at <= now else "ends"
