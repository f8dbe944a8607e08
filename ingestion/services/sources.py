"""Adding, changing and removing sources. Each runs inside the team's context; other processes follow within seconds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.audit import update_told
from accounts.encryption import encrypt
from accounts.models import ApiKey, Scope, Team, User
from accounts.services.teams import issue_key, revoke_key
from ingestion import completeness, sampling
from ingestion.kinds import KINDS, Completeness, SourceKind
from ingestion.models import (
    Delivery,
    Source,
    SourceAddress,
    SourceAttribute,
    SourceHour,
    SourceLine,
    SourceMetric,
    SourceReceipt,
    SourceRejection,
    SourceSampling,
)
from ingestion.sources import add_source, forget_sources, new_address
from monitoring.store.completeness import clear_marks

_OF_A_SOURCE = (SourceHour, SourceRejection, SourceAttribute, SourceLine, SourceMetric, SourceSampling, Delivery)


@dataclass(frozen=True, slots=True)
class NewSource:
    """A fresh source: where it reports to, and for kinds that are told by a key its text, which is shown once."""

    source: Source
    address: str
    key: str | None


def report_address(kind: SourceKind, address: str = "") -> str:
    """Where a source of this kind reports to, with this installation's own address."""
    return settings.BASE_URL.rstrip("/") + KINDS[kind].path.format(address=address)


def takes_secret(kind: SourceKind) -> bool:
    """Whether reports can be signed, or carry a shared secret."""
    return KINDS[kind].has_address and kind != SourceKind.PING


def create_source(
    *,
    team: Team,
    kind: SourceKind,
    name: str,
    user: User | None = None,
    secret: str | None = None,
    **fields: Any,
) -> NewSource:
    """Makes a source, with a fresh key for the kinds that are told by one.

    `fields`: environment, workflow, completeness, sample_rate, cost_rule.
    """
    if KINDS[kind].has_address:
        source = add_source(team_id=team.id, kind=kind, name=name, secret=secret or None, **fields)
        return NewSource(source, report_address(kind, source.address), None)
    key, text = issue_key(team=team, name=name[:80], scopes=[Scope.INGEST], user=user)
    source = add_source(team_id=team.id, kind=kind, name=name, api_key=key, **fields)
    return NewSource(source, report_address(kind), text)


def declared(told: str, sample_rate: int | None) -> dict[str, Any]:
    """The columns for what somebody declares; empty leaves it to the kind of the source and to what reports say."""
    return {"completeness": told, "sample_rate": sample_rate if told == Completeness.SAMPLED else None}


@transaction.atomic
def change_source(*, source_id: UUID, **fields: Any) -> None:
    """Changes columns: name, environment, workflow, completeness, sample_rate, cost_rule, is_active.

    Where it says anew how whole the reports are, its workflows are what they are told next; where it says nothing any
    more, they are at once what the reports said.
    """
    before = Source.objects.select_for_update().get(id=source_id)
    update_told(Source.objects.filter(id=source_id), **fields)
    if any(name in fields and fields[name] != getattr(before, name) for name in ("completeness", "sample_rate")):
        clear_marks(source_id)
        sampling.mark_detected(Source.objects.get(id=source_id))
    _forget_on_commit()


def set_secret(*, source_id: UUID, secret: str | None) -> None:
    """Sets or replaces the secret; None takes it away."""
    update_told(Source.objects.filter(id=source_id), secret=encrypt(secret) if secret else None)
    _forget_on_commit()


@transaction.atomic
def rotate_address(*, source_id: UUID) -> str:
    """Gives a source a new address; reports to the old one find nothing any more. Returns the full new address."""
    source = Source.objects.select_for_update().get(id=source_id)
    SourceAddress.objects.filter(address=source.address, team_id=source.team_id).delete()
    source.address = new_address()
    source.save(update_fields=["address"])
    SourceAddress.objects.create(address=source.address, team_id=source.team_id, source_id=source.id)
    _forget_on_commit()
    return report_address(SourceKind(source.kind), source.address)


@transaction.atomic
def delete_source(*, source_id: UUID, now: datetime) -> None:
    """Removes a source with its ledger, loose lines, metrics and deliveries. Executions stay.

    Its key is revoked when nothing else uses it: else the next report would make the source anew.
    """
    source = Source.objects.select_related("api_key").get(id=source_id)
    for model in _OF_A_SOURCE:
        model.objects.filter(source_id=source_id).delete()
    SourceReceipt.objects.filter(team_id=source.team_id, source_id=source_id).delete()
    SourceAddress.objects.filter(team_id=source.team_id, source_id=source_id).delete()
    clear_marks(source_id)
    key = source.api_key
    source.delete()
    if key is not None and is_own_key(key):
        revoke_key(key=key, now=now)
    _forget_on_commit()


def is_own_key(key: ApiKey) -> bool:
    """Whether a key reports for no source that is left, and may do nothing but report."""
    return key.scopes == [Scope.INGEST] and not Source.objects.filter(api_key=key).exists()


def _forget_on_commit() -> None:
    """This process follows at once, the others within seconds."""
    transaction.on_commit(forget_sources)
    transaction.on_commit(completeness.forget_notes)
    transaction.on_commit(sampling.forget_notes)
