"""The one path from reports to records, for every protocol: names, partitions, one transaction, an answer."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from uuid import UUID

import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils.translation import gettext_noop
from psycopg_pool import PoolTimeout

from accounts.tenancy import team_context
from billing.store.rater import rate_steps
from ingestion.gathering import Gathering
from ingestion.masking import masking_of
from ingestion.records import ExecutionReport, Rejection
from ingestion.rows import make_part
from monitoring.store.classes import Classes, classes_of
from monitoring.store.labels import Names, forget_names
from monitoring.store.partitions import Place, ensure, forget_partitions
from monitoring.store.parts import Part
from monitoring.store.rating import Rater
from monitoring.store.seals import sealed_days
from monitoring.store.write import write

logger = logging.getLogger(__name__)

ATTEMPTS = 3
# Rows of requests that are stored in one transaction: executions, steps and log lines.
MAX_TOGETHER = 1_000

# Reports with their places in the request.
Reports = Sequence[tuple[int, ExecutionReport]]


class StorageUnavailable(Exception):
    """The database cannot be reached or is too busy: nothing was stored, the sender may try again."""


class ReportsRefused(Exception):
    """The database refused a value that validation let through: nothing of the request was stored."""


@dataclass(slots=True)
class Outcome:
    """What became of a request's items: `duplicate` ones changed nothing."""

    stored: int = 0
    duplicate: int = 0
    rejected: list[Rejection] = field(default_factory=list)


# What is stored beside the executions, in their transaction. It is called again when the transaction is tried again.
Also = Callable[[Outcome], None]


def accept(
    team_id: UUID, reports: Reports, *, now: datetime, also: Also | None = None, rater: Rater | None = rate_steps
) -> Outcome:
    """Masks reports in place, and stores them, given with their places in the request; committed when it returns.

    `also` stores more in the same transaction, given the outcome so far, which it may add to. `rater` knows what steps
    cost; None rates nothing. Raises `StorageUnavailable` or `ReportsRefused`, and then nothing is stored.
    """
    outcome = Outcome()
    _mask(team_id, reports)
    names = Names(team_id)
    classes = _classes(team_id)
    kept, parts = _build(names, reports, outcome, now, classes)
    gone = _sealed(team_id, parts, now)
    if gone:
        kept = _refuse_sealed(kept, parts, gone, outcome)
    if outcome.rejected:
        # What is refused leaves nothing behind, not even the names that it mentions.
        names = Names(team_id)
        parts = [make_part(names, report, now, classes) for _, report in kept]
    if not (parts or also):
        return outcome
    weights = [report.items for _, report in kept]
    return _store(_Request(team_id, names, parts, weights, outcome.rejected, now, also, rater))


def _mask(team_id: UUID, reports: Reports) -> None:
    """Takes out what the team does not want to be kept, before anything is made of it."""
    if not reports:
        return
    try:
        masking = masking_of(team_id)
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise StorageUnavailable(gettext_noop("the database is not available")) from error
    for _, report in reports:
        masking.apply(report)


@dataclass(frozen=True, slots=True)
class _Request:
    """What one transaction stores; `weights` are the items that each part was made of."""

    team_id: UUID
    names: Names
    parts: list[Part]
    weights: list[int]
    rejected: list[Rejection]
    now: datetime
    also: Also | None
    rater: Rater | None


def _build(
    names: Names, reports: Reports, outcome: Outcome, now: datetime, classes: Classes
) -> tuple[Reports, list[Part]]:
    """The reports that can be turned into rows, with their parts; the others are rejected."""
    kept, parts = [], []
    for index, report in reports:
        try:
            parts.append(make_part(names, report, now, classes))
            kept.append((index, report))
        except (ValueError, OverflowError, TypeError) as error:
            outcome.rejected.append(Rejection(index=index, field="(item)", reason=f"cannot be stored: {error}"))
    return kept, parts


def _classes(team_id: UUID) -> Classes:
    try:
        return classes_of(team_id)
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise StorageUnavailable(gettext_noop("the database is not available")) from error


def _sealed(team_id: UUID, parts: Sequence[Part], now: datetime) -> set[Place]:
    try:
        return sealed_days(team_id, [part.place for part in parts], now)
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise StorageUnavailable(gettext_noop("the database is not available")) from error


def _refuse_sealed(reports: Reports, parts: Sequence[Part], gone: set[Place], outcome: Outcome) -> Reports:
    """The reports whose day still has its records; the others are rejected, with the day."""
    kept = []
    for (index, report), part in zip(reports, parts, strict=True):
        if part.place in gone:
            reason = f"is on {part.place[1]}: the records of that day were removed by retention, its figures are final"
            outcome.rejected.append(Rejection(index=index, field="started_at", reason=reason))
        else:
            kept.append((index, report))
    return kept


def _store(request: _Request) -> Outcome:
    """Stores a request, together with those of its team that come while another one is being stored.

    They share a transaction, and each is told what became of its own once that is committed. What is large goes by
    itself, and so does what is part of a transaction that is open already: nobody else may depend on that one.
    """
    weight = sum(1 + len(part.steps) + len(part.logs) for part in request.parts)
    if weight > MAX_TOGETHER or connection.in_atomic_block:
        return _store_alone(request)
    return _gathering.take((request.team_id, request.rater), request, weight, _store_alone)


def _store_alone(request: _Request) -> Outcome:
    """Writes with a few tries: what another transaction or process did meanwhile is no reason to fail."""
    is_careful = False
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _store_once([request], is_careful=is_careful)[0]
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            if attempt == ATTEMPTS or not _is_passing(error):
                raise StorageUnavailable(gettext_noop("the database is not available")) from error
        except DatabaseError as error:
            if not isinstance(error.__cause__, psycopg.DataError | psycopg.IntegrityError):
                # Not the server's verdict on a value, which would be final for the sender.
                logger.exception("the database could not store a request")
                raise StorageUnavailable(gettext_noop("the database is not available")) from error
            if attempt == ATTEMPTS or not isinstance(error.__cause__, psycopg.IntegrityError):
                logger.exception("a request was refused by the database")
                raise ReportsRefused(gettext_noop("a value cannot be stored")) from error
            # Somebody dropped a partition or removed names that this process remembered, or rows were left over.
            is_careful = True
            forget_partitions()
            forget_names()
    raise AssertionError("unreachable")


def _is_passing(error: Exception) -> bool:
    """Whether another try may succeed at once: a deadlock, a serialization failure, a removed row."""
    cause = error.__cause__
    return cause is None or isinstance(cause, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure)


def _store_once(requests: Sequence[_Request], *, is_careful: bool = False) -> list[Outcome]:
    """One transaction for requests of one team, as if they were one; what became of each.

    Fresh outcomes, because those of a failed try must not count.
    """
    team_id, rater = requests[0].team_id, requests[0].rater
    now = max(request.now for request in requests)
    for request in requests:
        request.names.save()
    parts = [part for request in requests for part in request.parts]
    ensure(place for part in parts for place in part.places)
    with team_context(team_id):
        changed = iter(write(team_id, parts, now, rater=rater, is_careful=is_careful).changed if parts else ())
        outcomes = [_outcome(request, list(islice(changed, len(request.parts)))) for request in requests]
        for request, outcome in zip(requests, outcomes, strict=True):
            if request.also:
                request.also(outcome)
    return outcomes


def _outcome(request: _Request, changed: Sequence[bool]) -> Outcome:
    """What became of a request whose parts changed something or not."""
    stored = sum(weight for weight, one in zip(request.weights, changed, strict=True) if one)
    return Outcome(stored, sum(request.weights) - stored, list(request.rejected))


_gathering = Gathering(_store_once, MAX_TOGETHER)
