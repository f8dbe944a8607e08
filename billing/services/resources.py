"""Rates of what runs cost beside tokens: entered, ended, removed. Closed months keep what they were closed with."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts import formats
from billing.analysis.allocation import next_month
from billing.analysis.amounts import read_amount, read_currency, read_day
from billing.models import AllocationKey, CostKind, ExchangeRate, RateUnit, ResourceRate
from billing.services.history import By, Subject, record, user_of
from billing.services.refusals import Fields, Refused
from billing.store import due
from billing.store.allocation import allocate
from billing.store.cost_lock import lock_costs
from billing.store.line_prices import read_months
from monitoring.identity import LabelKind, derive_number
from monitoring.models import Workflow
from monitoring.store.labels import Names

LONGEST_NAME, LONGEST_NOTE = 200, 500
TEXTS = (
    *("name", "kind", "unit", "amount", "currency", "workflow", "environment", "system", "provider", "key"),
    *("starts_on", "ends_on", "note"),
)
KINDS = {kind.name.lower(): kind for kind in CostKind if kind != CostKind.TOKENS}
_SCOPES = ("workflow", "environment", "system")
_NEEDED = ("name", "kind", "unit", "amount", "starts_on")


@dataclass(frozen=True, slots=True)
class WantedRate:
    """A rate as somebody wants it. `workflow` is its name or slug; texts are empty where nothing was told."""

    name: str
    kind: CostKind
    unit: str
    amount: Decimal
    currency: str
    workflow: str
    environment: str
    system: str
    provider: str
    key: str
    starts_on: date
    ends_on: date | None
    note: str


def read_rate(told: Mapping[str, str]) -> WantedRate:
    """What a form or document asks for. Raises `Refused`."""
    fields = Fields(told)
    found = WantedRate(
        name=fields.text("name", LONGEST_NAME),
        kind=fields.read("kind", _read_kind, empty=CostKind.OTHER),
        unit=fields.read("unit", _read_unit, empty=""),
        amount=fields.read("amount", read_amount, empty=Decimal(0)),
        currency=fields.read("currency", read_currency, empty="USD"),
        **{name: fields.text(name, LONGEST_NAME) for name in (*_SCOPES, "provider")},
        key=fields.read("key", _read_key, empty=""),
        starts_on=fields.read("starts_on", read_day, empty=date.max),
        ends_on=fields.read("ends_on", read_day),
        note=fields.text("note", LONGEST_NOTE),
    )
    for name in _NEEDED:
        if not told.get(name, "").strip():
            fields.reasons[name] = "must be told"
    _check(found, fields)
    fields.check()
    return found


def _check(found: WantedRate, fields: Fields) -> None:
    """What does not go together."""
    scopes = [name for name in _SCOPES if getattr(found, name)]
    if len(scopes) > 1:
        fields.reasons[scopes[1]] = f"must be empty where the {scopes[0]} is told: a rate is for one of them"
    if found.system and found.unit and found.unit != RateUnit.CALL:
        fields.reasons["system"] = "must be empty but for rates of calls"
    if found.unit == RateUnit.MONTH and not found.key:
        fields.reasons.setdefault("key", "must be told for a fixed amount")
    if found.unit not in ("", RateUnit.MONTH) and found.key:
        fields.reasons["key"] = "must be empty but for a fixed amount"
    if found.ends_on and found.ends_on <= found.starts_on and "starts_on" not in fields.reasons:
        fields.reasons["ends_on"] = "must be later than the first day"


def _read_kind(text: str) -> CostKind:
    if text not in KINDS:
        raise ValueError(f"must be one of {', '.join(KINDS)}")
    return KINDS[text]


def _read_unit(text: str) -> str:
    if text not in RateUnit.values:
        raise ValueError(f"must be one of {', '.join(RateUnit.values)}")
    return text


def _read_key(text: str) -> str:
    if text not in AllocationKey.values:
        raise ValueError(f"must be one of {', '.join(AllocationKey.values)}")
    return text


@transaction.atomic
def add_rate(*, team_id: UUID, wanted: WantedRate, by: By, now: datetime) -> ResourceRate:
    """Saves a rate, and has what it changes made again, inside the team's context. Raises `Refused`."""
    lock_costs(team_id, wait=True)
    workflow = _find_workflow(team_id, wanted.workflow) if wanted.workflow else None
    _check_days(team_id, wanted.starts_on, wanted.ends_on, "starts_on")
    names = Names(team_id)
    row = ResourceRate(
        team_id=team_id,
        id=derive_number("resource rate", json.dumps([asdict(wanted), now.isoformat()], default=str)),
        **{name: getattr(wanted, name) for name in ("name", "kind", "unit", "amount", "currency", "key", "note")},
        starts_on=wanted.starts_on,
        ends_on=wanted.ends_on,
        workflow_id=workflow,
        environment_id=_label(names, LabelKind.ENVIRONMENT, wanted.environment),
        system_id=_label(names, LabelKind.SYSTEM, wanted.system),
        provider_id=_label(names, LabelKind.PROVIDER, wanted.provider),
        created_by=user_of(by),
        created_at=now,
    )
    _check_overlap(row)
    _check_exchange(row)
    names.save()
    row.save(force_insert=True)
    _make_again(row, row.starts_on, row.ends_on, now)
    about = {name: value for name, value in asdict(wanted).items() if value not in (None, "")}
    record(team_id, Subject.RESOURCE_RATE, row.id, "added", by=by, now=now, **about)
    return row


def _find_workflow(team_id: UUID, told: str) -> UUID:
    rows = Workflow.objects.filter(Q(name=told) | Q(slug=told), team_id=team_id).order_by("name", "id")
    found = rows.values_list("id", flat=True).first()
    if found is None:
        raise Refused({"workflow": "is none of the team's workflows"})
    return found


def _label(names: Names, kind: LabelKind, text: str) -> int:
    return names.label(kind, text) if text else 0


def _check_days(team_id: UUID, start: date, end: date | None, field: str) -> None:
    """Nothing may change in closed months."""
    closed = [
        month for month in read_months(team_id).closed if next_month(month) > start and (end is None or month < end)
    ]
    if closed:
        last = max(closed)
        raise Refused(
            {field: f"must not reach {formats.month_of_year(last)}, which is closed; {next_month(last)} is open"}
        )


def _check_overlap(row: ResourceRate) -> None:
    """The same may not be charged twice."""
    same = {"unit": row.unit, "workflow_id": row.workflow_id, "environment_id": row.environment_id}
    others = ResourceRate.objects.filter(
        team_id=row.team_id, name__iexact=row.name, system_id=row.system_id, removed_at__isnull=True, **same
    )
    others = others.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=row.starts_on))
    if row.ends_on:
        others = others.filter(starts_on__lt=row.ends_on)
    if (other := others.order_by("starts_on", "id").first()) is not None:
        since = f"since {other.starts_on}" + (f" to before {other.ends_on}" if other.ends_on else "")
        raise Refused({"starts_on": f"overlaps with a rate of the same name that holds {since}; end that one first"})


def _check_exchange(row: ResourceRate) -> None:
    if row.currency == "USD":
        return
    rates = ExchangeRate.objects.filter(team_id=row.team_id, currency=row.currency, starts_on__lte=row.starts_on)
    if not rates.exists():
        raise Refused({"currency": f"has no exchange rate on {row.starts_on}: enter one first"})


def _make_again(row: ResourceRate, start: date, end: date | None, now: datetime) -> None:
    """Has what days cost made again, those of closed months left out."""
    if row.unit == RateUnit.MONTH:
        allocate(row.team_id, now)
    else:
        due.mark_between(row.team_id, start, end, now, without=read_months(row.team_id).closed)


@transaction.atomic
def end_rate(*, team_id: UUID, rate_id: int, ends_on: date, now: datetime, by: By = None) -> bool:
    """Has a rate hold to before a day; whether there is such a rate. Raises `Refused`."""
    lock_costs(team_id, wait=True)
    row = ResourceRate.objects.filter(team_id=team_id, id=rate_id, removed_at__isnull=True).first()
    if row is None:
        return False
    if ends_on <= row.starts_on:
        raise Refused({"ends_on": f"must be later than the first day, {row.starts_on}"})
    old = row.ends_on
    if old is not None and old < ends_on:
        raise Refused({"ends_on": f"must not be later than {old}, when it ends: enter another rate from then on"})
    if old == ends_on:
        return True
    _check_days(team_id, ends_on, old, "ends_on")
    ResourceRate.objects.filter(team_id=team_id, id=rate_id).update(ends_on=ends_on)
    _make_again(row, ends_on, old, now)
    record(team_id, Subject.RESOURCE_RATE, rate_id, "ended", by=by, now=now, name=row.name, ends_on=ends_on)
    return True


@transaction.atomic
def remove_rate(*, team_id: UUID, rate_id: int, now: datetime, by: By = None) -> bool:
    """Takes a rate out of all open months; whether there was one. Closed months keep what it cost in them."""
    lock_costs(team_id, wait=True)
    rows = ResourceRate.objects.filter(team_id=team_id, id=rate_id, removed_at__isnull=True)
    row = rows.first()
    if row is None:
        return False
    rows.update(removed_at=now)
    _make_again(row, row.starts_on, row.ends_on, now)
    record(team_id, Subject.RESOURCE_RATE, rate_id, "removed", by=by, now=now, name=row.name)
    return True
