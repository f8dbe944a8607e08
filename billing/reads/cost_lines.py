"""Cost lines as exports and the API list them: chosen by filters, in a fixed order, read a few thousand at a time.

A whole export reads one held cursor: PostgreSQL keeps what the lines were at one moment, so that the file adds up
although lines are made meanwhile, and no transaction stays open while it is written. Money comes as plain text with
all its digits and without zeros at its end.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import Any
from uuid import UUID, uuid4

from django.db import DatabaseError, connection
from django.db.models import Sum

from accounts.tenancy import team_context, team_cursor_apart
from billing.models import CostDimension, CostGrain, CostKind, CostOutcome, CostRollup, Entry
from monitoring.identity import LabelKind, label_id
from monitoring.models import Workflow

BATCH = 2_000
TOKENS = (
    *("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens"),
    *("cache_write_1h_tokens", "input_audio_tokens", "input_image_tokens", "output_audio_tokens"),
    "output_image_tokens",
)
LABELS = ("environment", "release", "node", "provider", "model", "system")
# The columns of a row, in this order.
FIELDS = (
    *("id", "entry", "kind", "basis", "outcome", "hour", "booked_on", "workflow_id"),
    *(f"{name}_id" for name in LABELS),
    *("tag_set_id", "tier", "region", "price_id", "corrects_id", "calls", *TOKENS, "unpriced_tokens"),
    *("quantity", "unit", "cost_usd", "told_usd", "priced_usd", "list_usd", "billed", "currency", "reason"),
)
AT = {name: place for place, name in enumerate(FIELDS)}
_MONEY = frozenset({"quantity", "cost_usd", "told_usd", "priced_usd", "list_usd", "billed"})
# Texts where psycopg would make objects one by one in Python: hours are in UTC, as `2026-08-12 10:00:00`.
_AS = {
    **{name: f"trim_scale(l.{name})::text" for name in _MONEY},
    "workflow_id": "l.workflow_id::text",
    "hour": "(l.hour AT TIME ZONE 'UTC')::text",
}
_SELECT = ", ".join(_AS.get(name, f"l.{name}") for name in FIELDS)
_LINES = "SELECT {select} FROM cost_line l WHERE l.team_id = %(team)s{where} ORDER BY l.booked_on, l.id"
# What many lines have in common: all that a row has but its id, times, counts and money.
KEY_FIELDS = (
    *("entry", "kind", "basis", "outcome", "workflow_id", *(f"{name}_id" for name in LABELS)),
    *("tag_set_id", "tier", "region", "price_id", "unit", "currency", "reason"),
)
key_of = itemgetter(*(AT[name] for name in KEY_FIELDS))


def _numbers(*names: str) -> str:
    """SQL of columns as one text, by commas; nothing where one is NULL."""
    told = ", ',', ".join(_AS.get(name, f"l.{name}") for name in names)
    return f"concat({told})"


def _name(column: str) -> str:
    """SQL of an id of a line as exports call it."""
    return f"'L' || lpad(to_hex({column}), 16, '0')"


# The columns of `read_texts`: counts up to the quantity are one text, money up to what was billed another one.
_TEXTS = ", ".join(
    (
        *(_name("l.id"), _AS["hour"], "l.booked_on", *(_AS.get(name, f"l.{name}") for name in KEY_FIELDS)),
        *(f"coalesce({_name('l.corrects_id')}, '')", _numbers("calls", *TOKENS, "unpriced_tokens", "quantity")),
        *(_numbers("cost_usd", "told_usd", "priced_usd", "list_usd", "billed"), _AS["cost_usd"]),
    )
)
_TAGGED = (
    "EXISTS (SELECT FROM tag_set t WHERE t.team_id = l.team_id AND t.id = l.tag_set_id AND t.value_ids && %(tags)s)"
)

Line = tuple[Any, ...]
Key = tuple[Any, ...]
Batch = list[Line]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which lines: those that count from `first` to before `end`, with any of the names of each kind (none: all).

    Workflows are names or slugs, tags `key=value`; entries, kinds and outcomes the names of their choices, small.
    """

    first: date | None = None
    end: date | None = None
    workflows: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """As JSON keeps it; without what was not asked for."""
        told = {name: value for name, value in asdict(self).items() if value}
        return {name: value.isoformat() if isinstance(value, date) else list(value) for name, value in told.items()}

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Chosen":
        """The choice that a document says."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: _told(name, value) for name, value in document.items() if name in known})


def _told(name: str, value: Any) -> Any:
    return date.fromisoformat(value) if name in ("first", "end") else tuple(value)


@dataclass(frozen=True, slots=True)
class Expected:
    """What the rollups say about chosen lines: how many, what they cost (None: nothing known), what has no price."""

    lines: int
    cost_usd: Decimal | None
    unpriced_tokens: int


def choice_ids(choices: Any, names: Sequence[str]) -> list[int]:
    """The stored numbers of choices by their small names; a name that is none finds nothing."""
    numbers = {one.name.lower(): int(one.value) for one in choices}
    return [numbers.get(name.lower(), -1) for name in names]


def _conditions(team_id: UUID, chosen: Chosen) -> dict[str, list[Any]]:
    """The columns that are restricted, with their values. Inside the team's context."""
    found: dict[str, list[Any]] = {}
    if chosen.workflows:
        named = Workflow.objects.filter(team_id=team_id)
        asked = list(chosen.workflows)
        found["workflow_id"] = [
            id for id, name, slug in named.values_list("id", "name", "slug") if name in asked or slug in asked
        ]
    for column, kind, texts in (
        ("environment_id", LabelKind.ENVIRONMENT, chosen.environments),
        ("provider_id", LabelKind.PROVIDER, chosen.providers),
        ("model_id", LabelKind.MODEL, chosen.models),
    ):
        if texts:
            found[column] = [label_id(kind, text) if text else 0 for text in texts]
    for column, choices, texts in (
        ("entry", Entry, chosen.entries),
        ("kind", CostKind, chosen.kinds),
        ("outcome", CostOutcome, chosen.outcomes),
    ):
        if texts:
            found[column] = choice_ids(choices, texts)
    return found


def _tag_ids(chosen: Chosen) -> list[int]:
    return [label_id(LabelKind.TAG, text) for text in chosen.tags]


def _where(team_id: UUID, chosen: Chosen) -> tuple[str, dict[str, Any]]:
    """The rest of the condition, and its values. Inside the team's context."""
    parts: list[str] = []
    values: dict[str, Any] = {"team": team_id, "first": chosen.first, "end": chosen.end, "tags": _tag_ids(chosen)}
    if chosen.first:
        parts.append("l.booked_on >= %(first)s")
    if chosen.end:
        parts.append("l.booked_on < %(end)s")
    for column, wanted in _conditions(team_id, chosen).items():
        parts.append(f"l.{column} = ANY(%({column})s)")
        values[column] = wanted
    if chosen.tags:
        parts.append(_TAGGED)
    return "".join(f" AND {part}" for part in parts), values


def read(team_id: UUID, chosen: Chosen) -> Iterator[Batch]:
    """All chosen lines, as they are when the first ones are asked for. Opens the team's context itself."""
    return _read(team_id, chosen, _SELECT)


def read_texts(team_id: UUID, chosen: Chosen) -> Iterator[Batch]:
    """As `read`, of lines as PostgreSQL words them, which takes a fraction of the time.

    A row is the id's name, hour, day, `KEY_FIELDS`, the name of the line that it corrects (empty: none), counts and
    quantity by commas, money by commas, and what it costs (None: not known).
    """
    return _read(team_id, chosen, _TEXTS)


def _read(team_id: UUID, chosen: Chosen, select: str) -> Iterator[Batch]:
    with team_context(team_id):
        where, values = _where(team_id, chosen)
    statement = _LINES.format(select=select, where=where)
    read = _read_apart if connection.settings_dict.get("TRANSACTION_POOLED") else _read_held
    yield from read(team_id, statement, values)


def _read_held(team_id: UUID, statement: str, values: dict[str, Any]) -> Iterator[Batch]:
    """By a cursor that the session holds: no transaction is open between two batches."""
    name = f"cost_lines_{uuid4().hex}"
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(f"DECLARE {name} NO SCROLL CURSOR WITH HOLD FOR {statement}", values)
    try:
        while rows := _fetch(team_id, name):
            yield rows
    finally:
        # Where the connection is gone, so is the cursor.
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute(f"CLOSE {name}")


def _fetch(team_id: UUID, name: str) -> Batch:
    """The next lines. In the team's context: inside a transaction of the caller the cursor reads only now."""
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(f"FETCH {BATCH} FROM {name}")
        found: Batch = cursor.fetchall()
    return found


def _read_apart(team_id: UUID, statement: str, values: dict[str, Any]) -> Iterator[Batch]:
    """Behind a pooler: by a cursor of one transaction, over a connection of its own."""
    with team_cursor_apart(team_id) as cursor:
        cursor.execute(f"DECLARE lines NO SCROLL CURSOR FOR {statement}", values)
        while True:
            cursor.execute(f"FETCH {BATCH} FROM lines")
            if not (rows := cursor.fetchall()):
                return
            yield rows


def page(team_id: UUID, chosen: Chosen, after: tuple[date, int] | None, limit: int) -> tuple[Batch, bool]:
    """At most `limit` lines behind the one that counts on a day and has an id; whether there are more. In context."""
    where, values = _where(team_id, chosen)
    if after is not None:
        where += " AND (l.booked_on, l.id) > (%(day)s, %(id)s)"
        values |= {"day": after[0], "id": after[1]}
    with connection.cursor() as cursor:
        cursor.execute(f"{_LINES.format(select=_SELECT, where=where)} LIMIT %(limit)s", {**values, "limit": limit + 1})
        rows = cursor.fetchall()
    return rows[:limit], len(rows) > limit


def expect(team_id: UUID, chosen: Chosen) -> Expected:
    """What the rollups of days say about the chosen lines. Inside the team's context."""
    dimension = CostDimension.TAG if chosen.tags else CostDimension.NONE
    rows = CostRollup.objects.filter(team_id=team_id, grain=CostGrain.DAY, dimension=dimension)
    if chosen.first:
        rows = rows.filter(bucket__gte=chosen.first)
    if chosen.end:
        rows = rows.filter(bucket__lt=chosen.end)
    if chosen.tags:
        rows = rows.filter(value_id__in=_tag_ids(chosen))
    for column, wanted in _conditions(team_id, chosen).items():
        rows = rows.filter(**{f"{column}__in": wanted})
    found = rows.aggregate(lines=Sum("lines"), cost=Sum("cost_usd"), unpriced=Sum("unpriced_tokens"))
    return Expected(int(found["lines"] or 0), found["cost"], int(found["unpriced"] or 0))
