"""Makes many executions of the few that acceptance stored, as acceptance would have stored them.

Each copy is another execution of the same workflow that ran the same way some days earlier or later: its ids derive
from its own external id, its steps, facets and payload are its own rows in the partitions of its own day. What rollups
say of whole days is added up from those of the first ones; the last two days, which have minutes, days and months are
left to the product's own fold. `bench.counting_again` and the tests compare the outcome with what acceptance makes.

Days are counted in lengths of 24 hours back from `until`, the start of an hour. Copy `k` of an execution on day `d` is
on day `(d + k * SHIFT_DAYS) % days`, at the same time of day and `k` microseconds later, so that no two are at the same
instant; first ones are at whole milliseconds, therefore no copy leaves its minute.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from typing import Any
from uuid import UUID

SHIFT_DAYS = 3
MOST_COPIES = 1_000
# Copies that a statement makes, about.
BATCH = 20_000


@dataclass(frozen=True, slots=True)
class Shape:
    """`copies` executions, itself included, of each of `seed` ones, `steps` steps each, in `days` days to `until`."""

    seed: int
    copies: int
    steps: int
    until: datetime
    days: int

    @property
    def since(self) -> datetime:
        """The start of the first day."""
        return self.until - timedelta(days=self.days)

    def day_of(self, place: int, copy: int) -> int:
        """The day of a copy of an execution of day `place`."""
        return (place + copy * SHIFT_DAYS) % self.days


@dataclass(frozen=True, slots=True)
class _First:
    """An execution that copies are made of."""

    id: UUID
    number: int
    place: int
    anchor_day: date
    digest: int
    body: bytes


def external_id(number: int) -> str:
    """What the sender calls an execution."""
    return f"filled-{number}"


def multiply(team_id: UUID, shape: Shape) -> None:
    """Makes the copies of all executions of a team, and brings its figures up to date."""
    from monitoring.store.rollups import fold_all

    make_copies(team_id, shape)
    add_up(team_id, shape)
    fold_all(shape.until, team_id=team_id)


def make_copies(team_id: UUID, shape: Shape, *, processes: int = 1) -> None:
    """Makes the copies, so many days at a time; days that have theirs are left as they are."""
    from monitoring.store.partitions import ensure

    if shape.copies > MOST_COPIES:
        raise ValueError(f"{shape.copies} copies: a copy would leave its minute")
    if shape.copies == 1:
        return
    ensure((0, shape.since.date() + timedelta(days=number)) for number in range(shape.days + 1))
    if processes == 1:
        _make_days(team_id, shape, range(shape.days))
    else:
        parts = [range(number, shape.days, processes) for number in range(processes)]
        with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
            list(pool.map(partial(_make_days_apart, team_id, shape), parts))


def _make_days_apart(team_id: UUID, shape: Shape, places: range) -> None:
    """In a process of its own."""
    import django

    django.setup()
    from django.db import connections

    _make_days(team_id, shape, places)
    connections.close_all()
    connections["default"].close_pool()  # type: ignore[attr-defined]


def _make_days(team_id: UUID, shape: Shape, places: range) -> None:
    """All copies on some days, a transaction each."""
    from accounts.tenancy import team_context

    by_day: dict[int, list[_First]] = {}
    for first in _firsts(team_id, shape):
        by_day.setdefault(first.place, []).append(first)
    for place in places:
        with team_context(team_id):
            _make_day(team_id, shape, place, by_day)


def _firsts(team_id: UUID, shape: Shape) -> Iterator[_First]:
    """The executions that are there, with what they carried."""
    from django.db import connection

    from accounts.tenancy import team_context

    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.id, substring(e.external_id FROM 8)::int, e.started_at, e.anchor_day, p.digest, p.body"
            " FROM execution e"
            " JOIN payload p ON p.team_id = e.team_id AND p.execution_id = e.id AND p.anchor_day = e.anchor_day"
            " WHERE e.team_id = %s AND e.external_id = ANY(%s)",
            [team_id, [external_id(number) for number in range(shape.seed)]],
        )
        rows = cursor.fetchall()
    for id, number, started_at, anchor_day, digest, body in rows:
        place = (started_at - shape.since) // timedelta(days=1)
        yield _First(id, number, place, anchor_day, digest, bytes(body))


def _make_day(team_id: UUID, shape: Shape, place: int, by_day: dict[int, list[_First]]) -> None:
    """All copies on one day, where they are not there already: a day is made whole or not at all."""
    rows = _Rows(team_id, shape)
    for number, (first, copy, days) in enumerate(_copies_on(shape, place, by_day)):
        rows.add(first, copy, days)
        if not number and _is_stored(rows):
            return
        if len(rows.ids) >= BATCH:
            _insert(rows)
            rows = _Rows(team_id, shape)
    if rows.ids:
        _insert(rows)


def _copies_on(shape: Shape, place: int, by_day: dict[int, list[_First]]) -> Iterator[tuple[_First, int, timedelta]]:
    """What is copied to a day, the how manieth copy it is, and the days it is moved by."""
    for copy in range(1, shape.copies):
        source = (place - copy * SHIFT_DAYS) % shape.days
        for first in by_day.get(source, ()):
            yield first, copy, timedelta(days=place - source)


def _is_stored(rows: "_Rows") -> bool:
    """Whether the first of the rows was made before."""
    from django.db import connection

    values = [rows.team_id, rows.ids[0]]
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM execution WHERE team_id = %s AND id = %s)", values)
        (found,) = cursor.fetchone()
    return bool(found)


def _insert(rows: "_Rows") -> None:
    from django.db import connection

    from bench import multiplying_sql as sql

    values = rows.values()
    with connection.cursor() as cursor:
        cursor.execute(sql.executions_sql(cursor), values)
        cursor.execute(sql.steps_sql(cursor), values)
        cursor.execute(sql.PAYLOADS, values)


class _Rows:
    """The ids and payloads of copies, as arrays of the same order."""

    def __init__(self, team_id: UUID, shape: Shape) -> None:
        self.team_id, self.shape = team_id, shape
        self.ids: list[UUID] = []
        self.firsts: list[UUID] = []
        self.first_days: list[date] = []
        self.names: list[str] = []
        self.copies: list[int] = []
        self.days: list[date] = []
        self.step_ids: list[int] = []
        self.digests: list[int] = []
        self.bodies: list[bytes] = []

    def add(self, first: _First, copy: int, days: timedelta) -> None:
        """One copy, so many days from where the first one is."""
        from monitoring.identity import StepIds, execution_id

        name = external_id(copy * self.shape.seed + first.number)
        id = execution_id(self.team_id, name)
        steps = StepIds(id)
        self.ids.append(id)
        self.firsts.append(first.id)
        self.first_days.append(first.anchor_day)
        self.names.append(name)
        self.copies.append(copy)
        self.days.append(first.anchor_day + days)
        self.step_ids += [steps[str(number)] for number in range(self.shape.steps)]
        # Chunks name steps by the sender's own ids, so copies carry the same one.
        self.digests.append(first.digest)
        self.bodies.append(first.body)

    def values(self) -> dict[str, Any]:
        """What the statements take."""
        return {
            "team": self.team_id,
            "ids": self.ids,
            "firsts": self.firsts,
            "first_days": self.first_days,
            "names": self.names,
            "copies": self.copies,
            "days": self.days,
            "step_ids": self.step_ids,
            "steps": self.shape.steps,
            "sources": sorted(set(self.first_days)),
            "digests": self.digests,
            "bodies": self.bodies,
        }


def add_up(team_id: UUID, shape: Shape) -> None:
    """Adds up the hours, says which minutes and days the product has to fold, and when failures and releases were.

    In one transaction, and once: what is added twice is twice as much.
    """
    from django.db import connection

    from accounts.tenancy import team_context
    from bench import multiplying_sql as sql
    from monitoring.windows import minute_floor

    if shape.copies == 1:
        return
    shifts: dict[int, int] = {}
    for copy in range(shape.copies):
        shift = copy * SHIFT_DAYS % shape.days
        shifts[shift] = shifts.get(shift, 0) + 1
    values: dict[str, Any] = {
        "team": team_id,
        "since": shape.since,
        "days": shape.days,
        "now": shape.until,
        "shifts": list(shifts),
        "times": list(shifts.values()),
        "floor": minute_floor(shape.until),
    }
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '256MB'")
        cursor.execute("SELECT id FROM workflow WHERE team_id = %s ORDER BY id", [team_id])
        for (workflow,) in cursor.fetchall():
            cursor.execute(sql.HOURS, {**values, "workflow": workflow})
        for statement in (sql.MINUTE_MARKS, sql.DAY_MARKS, *sql.SEEN):
            cursor.execute(statement, values)
