"""Webhook deliveries: verified, redacted, read, stored, and kept for some days so that they can be processed again.

What is read is the redacted body, the first time too: processing again then finds the same. Records and the delivery
are stored in one transaction. The same delivery is at work in one process at a time: the others wait, find it done, and
say that it is known already.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import zstandard
from msgspec import Struct

from accounts.services.retention import policy_of
from accounts.tenancy import team_context
from ingestion import ledger
from ingestion.acceptance import Outcome
from ingestion.adapters.redact import redact, redact_headers
from ingestion.adapters.webhooks import mapping as mappings
from ingestion.adapters.webhooks.opening import MAX_BYTES, open_body
from ingestion.adapters.webhooks.reading import read_delivery
from ingestion.adapters.webhooks.signatures import delivery_id, event_name, verify
from ingestion.adapters.webhooks.told import About
from ingestion.intake import take_in
from ingestion.masking import masking_of
from ingestion.models import Delivery, DeliveryOutcome
from ingestion.reads.deliveries import KEPT, received_before
from ingestion.records import Decoded, Rejection
from ingestion.sources import SourceInfo
from ingestion.turns import wait_turn
from monitoring.store.run_log import tell_deliveries

# The oldest go first when a source sends more than this.
MAX_KEPT = 20_000
MAX_REASONS = 20
MAX_EXECUTIONS = 100
BATCH = 100
_REST = ("processed_at", "outcome", "reasons", "executions")


class Received(Struct, frozen=True, kw_only=True):
    """What became of a delivery. `is_repeated`: it was done before, nothing was done now."""

    external_id: str
    outcome: DeliveryOutcome
    stored: int = 0
    duplicate: int = 0
    ignored: int = 0
    rejected: list[Rejection] = []
    is_repeated: bool = False


def receive(
    source: SourceInfo, *, headers: Mapping[str, str], body: bytes, content_type: str, now: datetime
) -> Received:
    """Takes a delivery that just came; committed when it returns.

    Raises `signatures.Forged` or `Stale`, `refusals.Undecodable` or `TooLarge`, `acceptance.StorageUnavailable` or
    `ReportsRefused`; then nothing is stored and nothing is kept.
    """
    low = {name.lower(): value for name, value in headers.items()}
    if source.secret:
        verify(source.kind, source.secret, source.settings, low, body, now)
    redactor = masking_of(source.team_id).redactor
    external_id = redactor.identity(delivery_id(low, body))
    if known := _done(source, external_id):
        return _repeated(source, known, len(body), now)
    told = redactor.value(redact(open_body(body, content_type)))
    fresh = Delivery(
        team_id=source.team_id,
        source_id=source.id,
        external_id=external_id,
        event=redactor.text(event_name(low, told)),
        received_at=now,
        headers=redactor.value(redact_headers(low)),
        body=zstandard.compress(msgspec.json.encode(told)),
        body_bytes=len(body),
        content_type=content_type[:200],
    )
    return _receive_once(source, fresh, told, now)


def _receive_once(source: SourceInfo, fresh: Delivery, told: Any, now: datetime) -> Received:
    """Stores and keeps a delivery, unless another process did so meanwhile. One that was rejected is read again."""
    with _held(source, fresh.external_id):
        if known := _done(source, fresh.external_id):
            return _repeated(source, known, fresh.body_bytes, now)
        rejected = Delivery.objects.filter(source_id=source.id, external_id=fresh.external_id).first()
        received = _process(source, rejected or fresh, told, now)
        _keep(rejected or fresh, is_new=rejected is None)
        return received


def note_forged(source: SourceInfo, reason: str, now: datetime) -> None:
    """Keeps in the ledger that a delivery was refused for its signature; nothing of the delivery is kept."""
    with team_context(source.team_id):
        ledger.record(ledger.Receipt(source, now, 0, refused=1))
        ledger.record_rejections(source, [Rejection(index=0, field="(signature)", reason=reason)], now)


def body_of(delivery: Delivery) -> Any:
    """The redacted body as it was read."""
    text = zstandard.ZstdDecompressor().decompress(bytes(delivery.body), max_output_size=2 * MAX_BYTES)
    return msgspec.json.decode(text)


def about_of(source: SourceInfo, delivery: Delivery) -> About:
    """The circumstances under which a delivery is read, the same each time."""
    return About(received_at=delivery.received_at, headers=delivery.headers, workflow=source.workflow)


def process_again(source: SourceInfo, deliveries: list[Delivery], now: datetime) -> Counter[str]:
    """Reads kept deliveries again, as the source reads them now; how many had which outcome.

    Records that are known already are not doubled. Raises `acceptance.StorageUnavailable`.
    """
    outcomes: Counter[str] = Counter()
    for external_id in [delivery.external_id for delivery in deliveries]:
        with _held(source, external_id):
            delivery = Delivery.objects.filter(source_id=source.id, external_id=external_id).first()
            if delivery is not None:
                received = _process(source, delivery, body_of(delivery), now)
                _keep(delivery, is_new=False)
                outcomes[received.outcome] += 1
    return outcomes


def process_all_again(source: SourceInfo, before: datetime, now: datetime) -> Iterator[Counter[str]]:
    """Reads all kept deliveries of a source again that were processed before an instant, oldest first, in batches."""
    while batch := _waiting(source, before):
        yield process_again(source, batch, now)


def _waiting(source: SourceInfo, before: datetime) -> list[Delivery]:
    with team_context(source.team_id):
        waiting = Delivery.objects.filter(source_id=source.id, processed_at__lt=before)
        return list(waiting.order_by("received_at", "id")[:BATCH])


def remove_old(team_id: UUID, now: datetime) -> int:
    """Removes deliveries of a team that are kept no longer; how many."""
    with team_context(team_id):
        kept = min(KEPT, timedelta(days=policy_of(team_id).delivery_days))
        removed, _ = received_before(team_id, now, kept).delete()
        for source_id in Delivery.objects.order_by().values_list("source_id", flat=True).distinct():
            own = Delivery.objects.filter(source_id=source_id)
            last = own.order_by("-received_at").values_list("received_at", flat=True)[MAX_KEPT : MAX_KEPT + 1].first()
            if last is not None:
                removed += own.filter(received_at__lte=last).delete()[0]
        tell_deliveries(team_id, kept, removed, now)
    return removed


def read(source: SourceInfo, told: Any, about: About) -> Decoded:
    """The records of a redacted body, as the source's mapping or preset reads it. A mapping may be out of date."""
    try:
        mapping = mappings.Mapping(source.mapping) if source.mapping else None
    except mappings.MappingRefused as refused:
        reasons = [Rejection(index=0, field=field, reason=reason) for field, reason in refused.reasons.items()]
        return Decoded(reports=[], lines=[], metrics=[], rejected=reasons, unknown={})
    return read_delivery(source.kind, told, about, mapping)


def _process(source: SourceInfo, delivery: Delivery, told: Any, now: datetime) -> Received:
    """Reads and stores a delivery, and writes on it what it became."""
    decoded = read(source, told, about_of(source, delivery))
    outcome = take_in(source, decoded, now=now, byte_count=delivery.body_bytes)
    was_stored = delivery.outcome == DeliveryOutcome.STORED
    delivery.outcome = _outcome_of(outcome, was_stored=was_stored)
    delivery.processed_at = now
    delivery.reasons = [{"field": one.field, "reason": one.reason} for one in outcome.rejected[:MAX_REASONS]]
    refused = {one.index for one in outcome.rejected}
    ids = dict.fromkeys(report.id for index, report in decoded.reports if index not in refused)
    delivery.executions = list(ids)[:MAX_EXECUTIONS]
    return Received(
        external_id=delivery.external_id,
        outcome=DeliveryOutcome(delivery.outcome),
        stored=outcome.stored,
        duplicate=outcome.duplicate,
        ignored=decoded.ignored,
        rejected=outcome.rejected,
    )


def _outcome_of(outcome: Outcome, *, was_stored: bool) -> DeliveryOutcome:
    """What a delivery became. One that brought something once is not "known already" when it is processed again."""
    if outcome.stored or (outcome.duplicate and was_stored):
        return DeliveryOutcome.STORED
    if outcome.duplicate:
        return DeliveryOutcome.DUPLICATE
    return DeliveryOutcome.REJECTED if outcome.rejected else DeliveryOutcome.IGNORED


def _done(source: SourceInfo, external_id: str) -> Delivery | None:
    """The kept delivery with this id, if nothing is left to be done about it."""
    with team_context(source.team_id):
        known = Delivery.objects.filter(source_id=source.id, external_id=external_id)
        return known.exclude(outcome=DeliveryOutcome.REJECTED).first()


@contextmanager
def _held(source: SourceInfo, external_id: str) -> Iterator[None]:
    """A transaction of the team in which nobody else is at work on this delivery."""
    with team_context(source.team_id):
        wait_turn(source.id, "delivery", external_id)
        yield


def _keep(delivery: Delivery, *, is_new: bool) -> None:
    if is_new:
        delivery.save(force_insert=True)
    else:
        delivery.save(update_fields=_REST)


def _repeated(source: SourceInfo, known: Delivery, byte_count: int, now: datetime) -> Received:
    """The answer for a delivery that was done before; the ledger counts what it brought as known already."""
    count = max(1, len(known.executions)) if known.outcome != DeliveryOutcome.IGNORED else 0
    receipt = ledger.Receipt(source, now, byte_count, duplicate=count, ignored=0 if count else 1)
    with team_context(source.team_id):
        ledger.record(receipt)
    outcome = DeliveryOutcome.DUPLICATE if count else DeliveryOutcome.IGNORED
    return Received(external_id=known.external_id, outcome=outcome, duplicate=count, is_repeated=True)
