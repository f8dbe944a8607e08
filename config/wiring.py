"""Wires the ports: what lower apps, and strangers, show or use of what others know. Called once, by Django."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from accounts import ports as account_ports
from alerts import ports as alert_ports
from alerts.reads import provided
from billing import ports as billing_ports
from billing.store import due, lines
from ingestion.kinds import KINDS
from ingestion.reads.silence import silences
from monitoring import ports
from monitoring.reads.emptiness import is_empty
from monitoring.store import payloads
from monitoring.wording import bytes_size, count


def wire() -> None:
    """Gives each port its provider."""
    ports.provide_alert_states(provided.alert_states)
    ports.provide_open_incidents(provided.open_incidents)
    ports.provide_incident_marks(provided.incident_marks)
    ports.provide_old_deliveries(_old_deliveries)
    ports.provide_cost_marks(due.mark)
    ports.provide_forget_workflows(_forget_workflows)
    ports.provide_costs_settled(lines.settle)
    alert_ports.provide_source_states(_source_states)
    billing_ports.provide_source_silences(_source_silences)
    account_ports.provide_source_kinds(_source_kinds)
    account_ports.provide_team_figures(_team_figures)
    account_ports.provide_second_factors(_second_factors)
    account_ports.provide_packed("payload", "body", payloads.unpack_chunk)
    account_ports.provide_reopened(_reopened)
    account_ports.provide_empty_team(is_empty)


def _team_figures(team_id: UUID, now: datetime) -> Sequence[tuple[str, str]]:
    # It loads what counts reports.
    from ingestion.quotas import limits_of, usage_of

    executions, storage = usage_of(team_id, now)
    limits = limits_of(team_id)
    most = _most(limits)
    return [
        (_("executions this month"), _of(count(executions), most.get("monthly_executions"))),
        (_("records on the disk"), _of(bytes_size(storage), most.get("storage_bytes"))),
    ]


def _of(used: str, limit: str | None) -> str:
    return _("{used} of {limit}").format(used=used, limit=limit) if limit else used


def _most(limits: Mapping[str, int]) -> dict[str, str]:
    """Those of the two limits of a month that there are, as text."""
    shown = {"monthly_executions": count, "storage_bytes": bytes_size}
    return {name: show(limits[name]) for name, show in shown.items() if limits[name]}


def _reopened(team_id: UUID) -> None:
    # Only a team that comes back asks, and it loads all of alerting.
    from alerts.services import evaluation

    evaluation.begin_anew(team_id)


def _forget_workflows(team_id: UUID, workflows: Sequence[UUID]) -> None:
    # Only who removes the sample asks.
    from alerts.services import forgetting

    forgetting.forget_workflows(team_id, workflows)


def _second_factors(users: Collection[UUID]) -> Collection[UUID]:
    # allauth's part of it is large, and only pages ask.
    from accounts.sign_in import second_factor

    return second_factor.having(users)


def _source_kinds() -> Sequence[tuple[str, str]]:
    return [(kind.value, about.label) for kind, about in KINDS.items() if not about.has_address]


def _source_states(team_id: UUID, now: datetime) -> Sequence[alert_ports.SourceState]:
    return [alert_ports.SourceState(one.id, one.name, one.last_report_at, one.usual) for one in silences(team_id, now)]


def _source_silences(team_id: UUID, now: datetime) -> Sequence[billing_ports.SourceSilence]:
    return [billing_ports.SourceSilence(one.name, one.last_report_at, one.usual) for one in silences(team_id, now)]


def _old_deliveries(team_id: UUID, now: datetime, kept: timedelta) -> Sequence[ports.OldRows]:
    from django.db.models import Count, Min

    from alerts.reads.deliveries import done_before
    from ingestion.reads.deliveries import received_before

    notices = done_before(team_id, now - kept).aggregate(count=Count("id"), first=Min("created_at"))
    webhooks = received_before(team_id, now, kept).aggregate(count=Count("id"), first=Min("received_at"))
    told = (("alert_delivery", notices), ("delivery", webhooks))
    return [ports.OldRows(table, one["count"], one["first"]) for table, one in told]
