"""Taking in what an adapter read: executions, loose lines, metrics and the ledger, in one transaction."""

from datetime import datetime
from uuid import UUID

from ingestion.acceptance import Outcome, accept
from ingestion.completeness import note_completeness
from ingestion.forwarding.outbox import enqueue
from ingestion.kinds import CostRule
from ingestion.ledger import Receipt, record, record_attributes, record_rejections
from ingestion.loose import store_lines, store_metrics
from ingestion.masked_reports import mask_rest
from ingestion.masking import masking_of
from ingestion.records import Decoded, ExecutionReport
from ingestion.sampling import note_sampling
from ingestion.sources import SourceInfo
from monitoring.identity import PRODUCTION, execution_id

_MS = 1000.0
# An environment that a report tells beats production, which beats the source's own.
DEFAULT_RANK, PRODUCTION_RANK = -2, -1


def take_in(source: SourceInfo, decoded: Decoded, *, now: datetime, byte_count: int) -> Outcome:
    """Stores everything that one request of a source brought; committed when it returns.

    Raises `StorageUnavailable` or `ReportsRefused`, and then nothing is stored. The outcome counts items: the ones that
    the adapter rejected are in it.
    """
    _fill_in(source, decoded)
    if decoded.lines or decoded.metrics or decoded.rejected or decoded.unknown or decoded.sampled:
        mask_rest(masking_of(source.team_id).redactor, decoded)

    def also(outcome: Outcome) -> None:
        """The rest of the request, in the transaction that stores its executions."""
        outcome.rejected.extend(decoded.rejected)
        for stored, duplicate in (store_lines(source, decoded.lines, now), store_metrics(source, decoded.metrics)):
            outcome.stored += stored
            outcome.duplicate += duplicate
        record(_receipt(source, decoded, outcome, now, byte_count))
        if outcome.rejected:
            record_rejections(source, outcome.rejected, now)
        if decoded.unknown:
            record_attributes(source, decoded.unknown, now)
        if outcome.stored:
            enqueue(source.team_id, decoded, outcome.rejected, now)

    outcome = accept(source.team_id, decoded.reports, now=now, also=also)
    note_completeness(source, decoded)
    if decoded.sampled:
        note_sampling(source, decoded.sampled, now)
    return outcome


def _fill_in(source: SourceInfo, decoded: Decoded) -> None:
    """The environment of the source, where no report of an execution tells one, in whichever request it comes.

    And which cost of its steps counts, where several are known.
    """
    if source.cost_rule == CostRule.COMPUTED:
        for _, report in decoded.reports:
            report.is_computed_first = True
    default = source.environment
    if default is None:
        return
    for _, report in decoded.reports:
        if report.environment is None:
            report.environment = default
            report.ranks = {**(report.ranks or {}), "environment": DEFAULT_RANK}
        elif report.environment == PRODUCTION:
            report.ranks = {**(report.ranks or {}), "environment": PRODUCTION_RANK}


def _receipt(source: SourceInfo, decoded: Decoded, outcome: Outcome, now: datetime, byte_count: int) -> Receipt:
    return Receipt(
        source,
        now,
        byte_count,
        stored=outcome.stored,
        duplicate=outcome.duplicate,
        rejected=len(outcome.rejected),
        ignored=decoded.ignored,
        lag_ms=_lag_ms(decoded, now),
        execution_id=_first_id(source.team_id, decoded, outcome),
    )


def _told_at(report: ExecutionReport) -> datetime | None:
    return report.finished_at or report.started_at


def _lag_ms(decoded: Decoded, now: datetime) -> int | None:
    """Age of the newest record in milliseconds; None where no time was told."""
    told = [at for _, report in decoded.reports if (at := _told_at(report))]
    told += [line.at for _, line in decoded.lines if line.at]
    told += [point.at for _, point in decoded.metrics]
    return max(0, round((now - max(told)).total_seconds() * _MS)) if told else None


def _first_id(team_id: UUID, decoded: Decoded, outcome: Outcome) -> UUID | None:
    """The first execution of the request that is stored: the source's page leads to it."""
    refused = {one.index for one in outcome.rejected}
    report = next((report for index, report in decoded.reports if index not in refused), None)
    return None if report is None else execution_id(team_id, report.id, report.attempt or 1)
