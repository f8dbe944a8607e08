"""Which run a ping is about."""

from datetime import datetime, timedelta
from uuid import uuid4

from ingestion.adapters.ping import KnownRun, Signal, fresh_id, id_of_rid, own_prefix
from ingestion.sources import SourceInfo
from monitoring.identity import execution_id
from monitoring.models import Execution
from monitoring.statuses import ACTIVE, TERMINAL, Status


def find_run(source: SourceInfo, signal: Signal, rid: str | None, now: datetime, limit: timedelta) -> KnownRun:
    """The run that a ping opens, ends or adds to. One ping of a source at a time: call it after `wait_turn`."""
    if rid is not None:
        return _with_rid(source, rid)
    found = None if signal.is_start else _opened_last(source, now, limit)
    return KnownRun(found or fresh_id(source.id, uuid4().hex))


def _with_rid(source: SourceInfo, rid: str) -> KnownRun:
    told = id_of_rid(source.id, rid)
    rows = Execution.objects.filter(id=execution_id(source.team_id, told)).values_list("status", flat=True)
    return KnownRun(told, is_over=any(Status(status) in TERMINAL for status in rows))


def _opened_last(source: SourceInfo, now: datetime, limit: timedelta) -> str | None:
    """The id of the source's open run that started last; a start that came after this ping is not its start."""
    return (
        Execution.objects.filter(
            status__in=[int(status) for status in sorted({*ACTIVE, Status.WAITING})],
            external_id__startswith=own_prefix(source.id),
            started_at__gt=now - limit,
            started_at__lte=now,
        )
        .order_by("-started_at", "-external_id")
        .values_list("external_id", flat=True)
        .first()
    )
