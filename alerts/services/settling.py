"""What a try reads before it and writes after it: deliveries, the messages of incidents, how a channel is doing."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from accounts.encryption import Unreadable, decrypt
from accounts.retrying import KEPT, MOST_TRIES, Result, Verdict, pause_after
from accounts.tenancy import team_context
from alerts.analysis.notices import Notice, NoticeKind
from alerts.channels import REPEATING
from alerts.channels.alertmanager import REPEAT_EVERY
from alerts.channels.contract import About
from alerts.models import (
    AlertDelivery,
    AlertDeliveryDue,
    AlertDeliveryStatus,
    Channel,
    ChannelDue,
    ChannelMessage,
)
from alerts.reads.deliveries import done_before
from alerts.reads.recipients import recipients
from alerts.services.claims import Claim, Turn, repeat_by
from alerts.services.sending import Job, Outcome, Repeat
from monitoring.store.run_log import tell_deliveries

logger = logging.getLogger(__name__)

# Alerts that are due so soon are repeated together with those that are due.
SOON = timedelta(seconds=30)
# Open alerts that one request repeats.
MAX_REPEATED = 500
OFF = "The channel is switched off."
UNREADABLE = "Its secrets were encrypted with another SECRET_KEY. Enter them again."


@dataclass(frozen=True, slots=True)
class Work:
    """A try to make. `delivery` (None for a repeat) was due first at `since`. `outcome`: known without trying."""

    job: Job | Repeat | None
    delivery: AlertDelivery | None = None
    since: datetime | None = None
    outcome: Outcome | None = None


def load(held: Claim, turn: Turn, now: datetime) -> Work | None:
    """What the next try needs; None where nothing is to be sent."""
    team_id = held.team_id
    with team_context(team_id):
        channel = Channel.objects.filter(team_id=team_id, id=held.channel_id).first()
        if turn.delivery_id is None:
            return _repeat(team_id, channel, held.channel_id, now)
        waiting = AlertDelivery.objects.filter(team_id=team_id, status=AlertDeliveryStatus.WAITING)
        kept = waiting.filter(id=turn.delivery_id).first()
        if kept is None or channel is None:
            AlertDeliveryDue.objects.filter(delivery_id=turn.delivery_id).delete()
            return None
        if not channel.is_active:
            return Work(None, kept, turn.since, Outcome(Result(Verdict.LATER, OFF)))
        try:
            return Work(job_of(channel, kept, now), kept, turn.since)
        except Unreadable:
            return Work(None, kept, turn.since, Outcome(Result(Verdict.REFUSED, UNREADABLE)))
        except (KeyError, TypeError, ValueError):
            logger.exception("a notice that was kept cannot be read")
            return Work(None, kept, turn.since, Outcome(Result(Verdict.UNFIT, "What was kept of it cannot be read.")))


def job_of(channel: Channel, kept: AlertDelivery, now: datetime) -> Job:
    """A delivery with everything that its request needs. Raises `Unreadable`."""
    message = None
    if kept.incident_id:
        message = ChannelMessage.objects.filter(
            team_id=kept.team_id, channel_id=channel.id, incident_id=kept.incident_id
        ).first()
    told = set(kept.told)
    left = tuple(one for one in recipients(kept.team_id, channel.settings) if one not in told)
    about = About(kept.id.hex, now, message.reference if message else None, left)
    return Job(channel.kind, channel.settings, secrets_of(channel), Notice.from_document(kept.notice), about)


def secrets_of(channel: Channel) -> Mapping[str, str]:
    """The secrets of a channel, by name. Raises `Unreadable`."""
    if channel.secrets is None:
        return {}
    found: dict[str, str] = json.loads(decrypt(bytes(channel.secrets)))
    return found


def _repeat(team_id: UUID, channel: Channel | None, channel_id: UUID, now: datetime) -> Work | None:
    """The open alerts that are to be sent again now; None without one, and then it is noted when to look again."""
    own = ChannelDue.objects.filter(channel_id=channel_id)
    if channel is None or not channel.is_active or channel.kind not in REPEATING:
        own.update(repeat_at=None)
        return None
    mine = ChannelMessage.objects.filter(team_id=team_id, channel_id=channel_id, incident__resolved_at__isnull=True)
    found = list(mine.order_by("updated_at", "id")[:MAX_REPEATED])
    due = [one for one in found if one.updated_at <= now - REPEAT_EVERY + SOON]
    if not due:
        own.update(repeat_at=found[0].updated_at + REPEAT_EVERY if found else None)
        return None
    try:
        secrets = secrets_of(channel)
    except Unreadable:
        return Work(None, outcome=Outcome(Result(Verdict.REFUSED, UNREADABLE)))
    references = [one.reference for one in due]
    return Work(Repeat(channel.kind, channel.settings, secrets, [one.id for one in due], references, now))


def settle(team_id: UUID, channel_id: UUID, work: Work, outcome: Outcome, now: datetime) -> None:
    """Writes down a try. A delivery that was removed meanwhile stays removed. Call it inside the team's context."""
    kept = work.delivery
    if kept is None:
        note(team_id, channel_id, outcome.result, now)
        return
    result, tries = outcome.result, kept.tries + 1
    is_over = _is_over(kept, tries, result, now - (work.since or kept.created_at))
    done = AlertDeliveryStatus.SENT if result.verdict is Verdict.TAKEN else AlertDeliveryStatus.FAILED
    AlertDelivery.objects.filter(team_id=team_id, id=kept.id).update(
        status=done if is_over else AlertDeliveryStatus.WAITING,
        tries=tries,
        tried_at=now,
        sent_at=now if result.verdict is Verdict.TAKEN else None,
        answer_status=outcome.status,
        last_error=result.reason[:500],
        told=[*kept.told, *outcome.taken],
    )
    queued = AlertDeliveryDue.objects.filter(delivery_id=kept.id)
    if is_over:
        queued.delete()
    else:
        queued.update(due_at=now + pause_after(tries, result.pause))
    note(team_id, channel_id, result, now)
    if kept.incident_id:
        _keep(kept, kept.incident_id, outcome, now)


def _is_over(kept: AlertDelivery, tries: int, result: Result, age: timedelta) -> bool:
    """Refused for good: after some tries; a passing fault: once it lasted for a day. A test has one try."""
    if result.verdict is Verdict.TAKEN or kept.kind == NoticeKind.TEST or age > KEPT:
        return True
    return tries >= MOST_TRIES and result.verdict is not Verdict.LATER


def note(team_id: UUID, channel_id: UUID, result: Result, now: datetime) -> None:
    """How the channel is doing."""
    told = {"last_success_at": now, "last_error": ""}
    failed = {"last_error": result.reason[:500], "last_error_at": now}
    mine = Channel.objects.filter(team_id=team_id, id=channel_id)
    mine.update(**(told if result.verdict is Verdict.TAKEN else failed))


def _keep(kept: AlertDelivery, incident_id: UUID, outcome: Outcome, now: datetime) -> None:
    """Keeps, replaces or forgets the message of the incident."""
    team_id, channel_id = kept.team_id, kept.channel_id
    if outcome.forgets:
        ChannelMessage.objects.filter(team_id=team_id, channel_id=channel_id, incident_id=incident_id).delete()
    if outcome.result.verdict is not Verdict.TAKEN or outcome.reference is None:
        return
    ChannelMessage.objects.update_or_create(
        team_id=team_id,
        channel_id=channel_id,
        incident_id=incident_id,
        defaults={"reference": outcome.reference, "updated_at": now},
    )
    if Channel.objects.filter(team_id=team_id, id=channel_id, kind__in=REPEATING).exists():
        repeat_by(channel_id, now + REPEAT_EVERY)


def settle_repeat(team_id: UUID, channel_id: UUID, job: Repeat, outcome: Outcome, now: datetime) -> None:
    """Writes down a repeat; what is left of many follows at once. Call it inside the team's context."""
    note(team_id, channel_id, outcome.result, now)
    if outcome.result.verdict is Verdict.TAKEN:
        ChannelMessage.objects.filter(team_id=team_id, id__in=job.message_ids).update(updated_at=now)
        is_whole = len(job.message_ids) < MAX_REPEATED
        ChannelDue.objects.filter(channel_id=channel_id).update(repeat_at=now + REPEAT_EVERY if is_whole else now)


def expire(team_id: UUID, channel_id: UUID, reason: str, now: datetime) -> None:
    """Gives up what has waited for a day for a channel that fails: it need not be tried one by one."""
    old = AlertDeliveryDue.objects.filter(channel_id=channel_id, since__lt=now - KEPT)
    ids = list(old.values_list("delivery_id", flat=True))
    if ids:
        waiting = AlertDelivery.objects.filter(team_id=team_id, id__in=ids, status=AlertDeliveryStatus.WAITING)
        waiting.update(status=AlertDeliveryStatus.FAILED, last_error=reason[:500])
        AlertDeliveryDue.objects.filter(delivery_id__in=ids).delete()


def remove_old(team_id: UUID, now: datetime, kept: timedelta = timedelta(days=30)) -> None:
    """Removes deliveries that were done long ago. Call it inside the team's context."""
    removed, _ = done_before(team_id, now - kept).delete()
    tell_deliveries(team_id, kept, removed, now)
