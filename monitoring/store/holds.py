"""Legal holds: executions with all their records go to a partition of their own, and back."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.statements import Row, run_planned
from accounts.tenancy import team_context
from monitoring.models import LegalHold
from monitoring.models.execution import RetentionClass
from monitoring.store.classes import DEBUG_LEVELS
from monitoring.store.partitions import ensure

MAX_REASON = 500
RECORDS = ("step", "payload", "log_line", "facet")
_OF_TEAM = "WHERE team_id = %(team)s"
# In the order of their ids, as whoever writes executions locks them.
_LOCK = """SELECT id, retention_class, anchor_day FROM execution WHERE team_id = %s AND id = ANY(%s)
    ORDER BY id FOR UPDATE"""


class HoldRefused(Exception):
    """What cannot be held, or not so; the text says why."""


def hold(
    team_id: UUID, execution_id: UUID, *, reason: str, by: str, now: datetime, until: datetime | None = None
) -> LegalHold:
    """Keeps an execution whatever the policy says. Raises `HoldRefused`; `LookupError` where the team has none such.

    With `until` it is kept until then only. One that is held already gets the new reason.
    """
    reason = _checked(reason)
    with team_context(team_id):
        class_, day = _lock(team_id, execution_id)
        known = LegalHold.objects.filter(team_id=team_id, execution_id=execution_id).first()
        if known is None:
            known = LegalHold(team_id=team_id, execution_id=execution_id, former_class=class_, held_at=now)
        known.reason, known.held_by, known.until = reason, by[:254], until
        if class_ != RetentionClass.HELD:
            _move(team_id, execution_id, day, class_, RetentionClass.HELD)
        known.save()
        return known


def hold_many(team_id: UUID, ids: Collection[UUID], *, reason: str, by: str, now: datetime) -> tuple[int, int]:
    """Keeps executions whatever the policy says. Raises `HoldRefused`.

    Returns how many are held now that were not, and how many were held already: these keep their reason. A fixed
    number of statements, whatever their number; one event of the audit log.
    """
    reason = _checked(reason)
    with team_context(team_id):
        rows = run_planned(_LOCK, [team_id, list(ids)])
        known = {id for id, one in held_among(team_id, [row[0] for row in rows]).items() if one.until is None}
        fresh = [row for row in rows if row[0] not in known]
        if fresh:
            _hold_fresh(team_id, fresh, reason=reason, by=by[:254], now=now)
            told = {"reason": reason, "executions": [row[0] for row in fresh]}
            record("legal_hold.added", ("executions", "", f"{len(fresh)} executions"), after=told)
        return len(fresh), len(known)


def _hold_fresh(team_id: UUID, rows: Sequence[Row], *, reason: str, by: str, now: datetime) -> None:
    """Locked executions that are not held, or only until a time."""
    ids = [row[0] for row in rows]
    LegalHold.objects.filter(team_id=team_id, execution_id__in=ids).update(reason=reason, held_by=by, until=None)
    LegalHold.objects.bulk_create(
        [
            LegalHold(team_id=team_id, execution_id=id, former_class=class_, held_at=now, reason=reason, held_by=by)
            for id, class_, _ in rows
        ],
        ignore_conflicts=True,
    )
    places: dict[str, Any] = {
        "held": int(RetentionClass.HELD),
        "team": team_id,
        "ids": ids,
        "days": sorted({row[2] for row in rows}),
        "classes": sorted({int(RetentionClass.DEBUG), *(row[1] for row in rows)}),
    }
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE execution SET retention_class = %(held)s {_OF_TEAM} AND id = ANY(%(ids)s)", places)
        for table in RECORDS:
            cursor.execute(
                f"UPDATE {table} SET retention_class = %(held)s {_OF_TEAM} AND execution_id = ANY(%(ids)s)"
                " AND anchor_day = ANY(%(days)s) AND retention_class = ANY(%(classes)s)",
                places,
            )


def _checked(reason: str) -> str:
    reason = " ".join(reason.replace("\x00", "").split())
    if not reason or len(reason) > MAX_REASON:
        raise HoldRefused(_("Tell a reason, with at most {most} characters.").format(most=MAX_REASON))
    return reason


def release(team_id: UUID, execution_id: UUID) -> bool:
    """Ends a hold; what is past its limit goes with the next pass. Whether there was one."""
    with team_context(team_id):
        known = LegalHold.objects.filter(team_id=team_id, execution_id=execution_id).first()
        if known is None:
            return False
        class_, day = _lock(team_id, execution_id)
        ensure([(known.former_class, day), (int(RetentionClass.DEBUG), day)])
        if class_ == RetentionClass.HELD:
            _move(team_id, execution_id, day, class_, known.former_class)
        known.delete()
        return True


def end_due(team_id: UUID, now: datetime) -> int:
    """Ends holds whose time is over; how many."""
    with team_context(team_id):
        due = LegalHold.objects.filter(team_id=team_id, until__lte=now).order_by("until", "id")
        ids = list(due.values_list("execution_id", flat=True))
    return sum(release(team_id, id) for id in ids)


def held_among(team_id: UUID, ids: Collection[UUID]) -> dict[UUID, LegalHold]:
    """The holds on these executions. Inside the team's context."""
    return {one.execution_id: one for one in LegalHold.objects.filter(team_id=team_id, execution_id__in=list(ids))}


def _lock(team_id: UUID, execution_id: UUID) -> tuple[int, date]:
    """Class and day of an execution that is locked until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT retention_class, anchor_day FROM execution WHERE team_id = %s AND id = %s FOR UPDATE",
            [team_id, execution_id],
        )
        found = cursor.fetchone()
    if found is None:
        raise LookupError(execution_id)
    return int(found[0]), found[1]


def _move(team_id: UUID, execution_id: UUID, day: date, from_class: int, to_class: int) -> None:
    """Moves an execution's rows between partitions; its lines of level DEBUG may be in another one."""
    whose = "team_id = %s AND execution_id = %s AND anchor_day = %s AND retention_class = ANY(%s)"
    classes = sorted({from_class, int(RetentionClass.DEBUG)})
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE execution SET retention_class = %s WHERE team_id = %s AND id = %s",
            [to_class, team_id, execution_id],
        )
        for table in RECORDS:
            cursor.execute(
                f"UPDATE {table} SET retention_class = %s WHERE {whose}",
                [to_class, team_id, execution_id, day, classes],
            )
        if to_class == RetentionClass.PRODUCTION:
            cursor.execute(
                f"UPDATE log_line SET retention_class = %s WHERE {whose} AND lower(level) = ANY(%s)",
                [int(RetentionClass.DEBUG), team_id, execution_id, day, [to_class], sorted(DEBUG_LEVELS)],
            )
