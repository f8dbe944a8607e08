"""Partitions of the record tables: one per retention class and anchor day, made by functions of the owner."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from django.db import connection, connections, transaction
from django.db.backends.utils import CursorWrapper

from accounts.cluster import is_cluster
from monitoring.models.execution import DATED

AHEAD_DAYS = 7

Place = tuple[int, date]
# Partitions that this process knows to exist.
_known: set[Place] = set()


def forget_partitions() -> None:
    """Empties what this process knows: after partitions were dropped, and for tests."""
    _known.clear()


def _ranges(days: list[date]) -> Iterator[tuple[date, date]]:
    """Runs of neighbouring days, as (first, last), from sorted days."""
    first = last = days[0]
    for day in days[1:]:
        if day - last > timedelta(days=1):
            yield first, last
            first = day
        last = day
    yield first, last


def ensure(places: Iterable[Place]) -> int:
    """Makes the missing partitions of these (class, day) pairs; how many tables were made.

    Commits on its own when no transaction is open, and remembers them only after the commit.
    """
    missing = sorted(set(places) - _known)
    if not missing:
        return 0
    if connection.in_atomic_block and is_cluster():
        return _make_aside(missing)
    with transaction.atomic(), connection.cursor() as cursor:
        made = _make(cursor, missing)
        transaction.on_commit(lambda: _known.update(missing))
    return made


def _make(cursor: CursorWrapper, missing: Sequence[Place]) -> int:
    made = 0
    for class_ in sorted({place[0] for place in missing}):
        for first, last in _ranges([day for found, day in missing if found == class_]):
            cursor.execute("SELECT steadyrun_make_partitions(%s, %s, %s::smallint)", [first, last, class_])
            made += cursor.fetchone()[0]
    return made


def _make_aside(missing: Sequence[Place]) -> int:
    """Makes them on a connection of its own: in a cluster, what a role wrote in a transaction no other may touch."""
    own = connections.create_connection(connection.alias)
    try:
        with own.cursor() as cursor:
            made = _make(cursor, missing)
    finally:
        own.close()
    _known.update(missing)
    return made


def make_ahead(today: date) -> int:
    """Makes the partitions of yesterday, today and the coming week; how many tables were made."""
    days = [today + timedelta(days=n) for n in range(-1, AHEAD_DAYS + 1)]
    return ensure((int(class_), day) for class_ in DATED for day in days)
