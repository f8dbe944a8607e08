"""Silences and maintenance windows: saved with a reason and an end, ended early, each end queued."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from alerts.analysis.matchers import faults
from alerts.models import Incident, IncidentStatus, Silence, SilenceDue, SilenceKind
from alerts.reads.matchers import unknown_values
from alerts.services.following import schedule, tell_held_back
from alerts.services.muting import mute
from monitoring.analysis.schedule import UnreadableSchedule, due_from, read_schedule, zone_fault
from monitoring.models import Workflow

MAX_REASON = 500
LONGEST = timedelta(days=30)
# One that comes again may go on for longer.
LONGEST_RECURRING = timedelta(days=366)
MOST_DURATION = timedelta(days=7)
_CRON_FIELDS = {"schedule": "cron", "schedule_zone": "zone"}


class SilenceRefused(Exception):
    """A silence that cannot be saved: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class WantedSilence:
    """A silence as somebody wants it. `cron` in `zone`: it comes again, each time for `duration`."""

    reason: str
    starts_at: datetime
    ends_at: datetime
    kind: str = SilenceKind.SILENCE
    matchers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    cron: str = ""
    zone: str = "UTC"
    duration: timedelta | None = None


@transaction.atomic
def add_silence(*, team_id: UUID, wanted: WantedSilence, by: User | str, now: datetime) -> Silence:
    """Saves a silence; incidents that match and are open send no further notice. Raises `SilenceRefused`."""
    if reasons := _faults(team_id, wanted, now):
        raise SilenceRefused(reasons)
    again = read_schedule(wanted.cron, wanted.zone) if wanted.cron else None
    made = Silence.objects.create(
        team_id=team_id,
        kind=wanted.kind,
        matchers={name: list(values) for name, values in wanted.matchers.items() if values},
        reason=wanted.reason.strip(),
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        cron=again.cron if again else "",
        zone=again.zone if again else wanted.zone,
        duration_s=int(wanted.duration.total_seconds()) if wanted.duration and wanted.cron else None,
        created_at=now,
        created_by=by if isinstance(by, User) else None,
    )
    schedule(made, now)
    if made.kind == SilenceKind.SILENCE:
        mine = Incident.objects.filter(team_id=team_id, status=IncidentStatus.OPEN, muted_by="")
        mute(team_id, list(mine.select_for_update(of=("self",)).select_related("rule").order_by("id")), now)
    return made


def silence_incident(
    *, team_id: UUID, incident_id: UUID, reason: str, length: timedelta, by: User | str, now: datetime
) -> Silence:
    """Silences the rule of an incident for its workflow (its environment, where it has none of both)."""
    one = Incident.objects.select_related("rule").get(team_id=team_id, id=incident_id)
    matchers: dict[str, list[str]] = {}
    if one.rule is not None:
        matchers["rule"] = [str(one.rule.id)]
    if one.workflow_id is not None:
        matchers["workflow"] = [Workflow.objects.get(team_id=team_id, id=one.workflow_id).slug]
    if one.rule is None:
        parts = Incident.objects.filter(team_id=team_id, parent_id=one.id, resolved_at__isnull=True)
        slugs = Workflow.objects.filter(team_id=team_id, id__in=parts.values("workflow_id"))
        matchers["workflow"] = sorted(slugs.values_list("slug", flat=True))[:50]
    if not any(matchers.values()):
        # Without a matcher it would silence everything.
        raise SilenceRefused({"incident": _("is about nothing that could be silenced alone")})
    wanted = WantedSilence(reason=reason, starts_at=now, ends_at=now + length, matchers=matchers)
    return add_silence(team_id=team_id, wanted=wanted, by=by, now=now)


@transaction.atomic
def end_silence(*, team_id: UUID, silence_id: UUID, now: datetime) -> bool:
    """Ends a silence now, or takes away one that has not begun; what it held back is told if it stands.

    Whether there was such a one.
    """
    one = Silence.objects.select_for_update().filter(team_id=team_id, id=silence_id, ends_at__gt=now).first()
    if one is None:
        return False
    SilenceDue.objects.filter(silence_id=one.id).delete()
    if one.starts_at >= now:
        one.delete()
        return True
    one.ends_at = now
    one.save(update_fields=["ends_at"])
    if one.kind == SilenceKind.SILENCE:
        tell_held_back(team_id, now)
    return True


def _faults(team_id: UUID, wanted: WantedSilence, now: datetime) -> dict[str, str]:
    found: dict[str, str] = faults(wanted.matchers) or unknown_values(team_id, wanted.matchers, {})
    if not wanted.reason.strip():
        found["reason"] = _("must be told")
    elif len(wanted.reason) > MAX_REASON:
        found["reason"] = _("must be at most {count} characters").format(count=MAX_REASON)
    if wanted.kind not in SilenceKind.values:
        found["kind"] = _("must be one of: {words}").format(words=", ".join(SilenceKind.values))
    return found | _time_faults(wanted, now)


def _time_faults(wanted: WantedSilence, now: datetime) -> dict[str, str]:
    longest = LONGEST_RECURRING if wanted.cron else LONGEST
    if wanted.ends_at <= max(wanted.starts_at, now):
        return {"end": _("must be later than its start and than now")}
    if wanted.ends_at - wanted.starts_at > longest:
        return {"end": _("must be at most {days} days after its start").format(days=longest.days)}
    if fault := zone_fault(wanted.zone):
        return {"zone": fault}
    if not wanted.cron:
        return {}
    try:
        again = read_schedule(wanted.cron, wanted.zone)
    except UnreadableSchedule as error:
        return {_CRON_FIELDS[field]: reason for field, reason in error.reasons.items()}
    if wanted.duration is None or not timedelta(minutes=1) <= wanted.duration <= MOST_DURATION:
        return {"duration": _("must be from 1 minute to {days} days").format(days=MOST_DURATION.days)}
    first = next(due_from(again, max(wanted.starts_at, now)), None)
    if first is None or first >= wanted.ends_at:
        if first is None:
            return {"end": _("must be later than the first time at which it comes")}
        when = f"{first:%Y-%m-%d %H:%M} UTC"
        return {"end": _("must be later than the first time at which it comes, {moment}").format(moment=when)}
    return {}
