"""The costs of a month by e-mail: queued on the day that a member chose, sent once, by claims.

The truth is in `cost_mail`: one row a team, member and month. Queueing twice adds nothing; the first of a month asks
for the export, which the others bring, too. Nothing is locked while the mail server is talked to. What the member may
no longer see is not sent.
"""

import logging
import smtplib
import time
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.closed_teams import NOT_CLOSED
from accounts.mailing import Fault, can_send, fault_of, hand_over
from accounts.models import Membership
from accounts.permissions import Permission
from accounts.retrying import KEPT, MOST_TRIES, pause_after
from accounts.tenancy import team_context
from billing.analysis.allocation import next_month
from billing.exports.files import Format, Table
from billing.models import CostMail, CostMailPlan, ExportJob, ExportState
from billing.reads.cost_lines import Chosen
from billing.services import export_jobs
from billing.services.cost_letter import write_letter
from billing.services.history import By, Subject, record

logger = logging.getLogger(__name__)

CLAIM = timedelta(seconds=120)
# How long a mail waits for its export before it looks again.
WAIT = timedelta(seconds=30)
CATCH_UP_DAYS = 5
_QUEUE = f"""INSERT INTO cost_mail (id, team_id, user_id, month, made_at, due_at, tries, last_error)
SELECT gen_random_uuid(), p.team_id, p.user_id, %(month)s, %(now)s, %(now)s, 0, '' FROM cost_mail_plan p
WHERE p.{NOT_CLOSED} AND p.day <= %(day)s AND %(day)s < p.day + %(days)s
    AND p.chosen_at < %(first)s + (p.day - 1) * interval '1 day'
ON CONFLICT (team_id, user_id, month) DO NOTHING"""
_CLAIM = f"""UPDATE cost_mail SET due_at = %(until)s WHERE id IN (
    SELECT id FROM cost_mail WHERE due_at <= %(now)s AND {NOT_CLOSED}
    ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id"""


def month_before(now: datetime) -> date:
    """The first day of the month that ended last (UTC)."""
    return (now.date().replace(day=1) - timedelta(days=1)).replace(day=1)


def month_chosen(month: date) -> Chosen:
    """The lines of a month."""
    return Chosen(first=month, end=next_month(month))


def choose(
    team_id: UUID, user_id: UUID, *, day: int, table: Table, format: Format, now: datetime, by: By = None
) -> None:
    """Keeps that a member wants the mail. `day` is 1 to 28, of the month after."""
    told = {"day": day, "table": table.value, "format": format.value, "chosen_at": now}
    CostMailPlan.objects.update_or_create(team_id=team_id, user_id=user_id, defaults=told)
    about = {"day": day, "table": table.value, "format": format.value}
    record(team_id, Subject.COST_MAIL, user_id, "chosen", by=by, now=now, **about)


def stop(team_id: UUID, user_id: UUID) -> None:
    """Keeps that a member does not want it; what waits is not sent."""
    CostMailPlan.objects.filter(team_id=team_id, user_id=user_id).delete()
    CostMail.objects.filter(team_id=team_id, user_id=user_id).update(due_at=None)


def plan_of(team_id: UUID, user_id: UUID) -> CostMailPlan | None:
    """What a member chose."""
    return CostMailPlan.objects.filter(team_id=team_id, user_id=user_id).first()


def latest_of(team_id: UUID, user_id: UUID) -> CostMail | None:
    """What was queued last for a member."""
    return CostMail.objects.filter(team_id=team_id, user_id=user_id).order_by("-month", "id").first()


def queue_due(now: datetime) -> int:
    """The mails whose day has come, of the month that ended last; how many were added.

    An installation that was off catches up for five days. Who chose later than the day gets the next month's.
    """
    if not can_send():
        return 0
    told: dict[str, Any] = {"month": month_before(now), "now": now, "day": now.day, "days": CATCH_UP_DAYS}
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, {**told, "first": first})
        return int(cursor.rowcount)


def send_due(now: datetime, *, seconds: float) -> int:
    """Sends what is due, one after the other, for about so long; how many were looked at."""
    began, count = time.monotonic(), 0
    while can_send() and time.monotonic() - began < seconds and (found := _claim(now)):
        deliver(found, now)
        count += 1
    return count


def _claim(now: datetime) -> UUID | None:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "until": now + CLAIM})
        found = cursor.fetchone()
    return found[0] if found else None


def deliver(mail_id: UUID, now: datetime) -> None:
    """One try of one mail. Without its export it waits; who may not see costs gets nothing."""
    mail = CostMail.objects.select_related("team").get(id=mail_id)
    plan = plan_of(mail.team_id, mail.user_id)
    members = Membership.objects.select_related("user").filter(team_id=mail.team_id, user_id=mail.user_id)
    member = members.filter(user__is_active=True).first()
    if plan is None or member is None or not member.allows(Permission.MANAGE_COSTS):
        CostMail.objects.filter(id=mail_id).update(due_at=None)
        return
    job = _export(mail, plan, now)
    if job is None or job.state in (ExportState.WAITING, ExportState.WRITING):
        CostMail.objects.filter(id=mail_id).update(due_at=now + WAIT)
        return
    with team_context(mail.team_id):
        message = write_letter(mail, member, job, month_chosen(mail.month))
    try:
        hand_over(message)
        fault = None
    except (smtplib.SMTPException, OSError) as error:
        fault = fault_of(error)
    _settle(mail, fault, now)


def _export(mail: CostMail, plan: CostMailPlan, now: datetime) -> ExportJob | None:
    """The export that the mail brings, asked for once (again, if it was removed); None where too many wait."""
    with team_context(mail.team_id):
        if mail.job_id is not None:
            found = ExportJob.objects.filter(team_id=mail.team_id, id=mail.job_id).first()
            if found is not None:
                return found
        try:
            job = export_jobs.create(
                mail.team_id,
                table=Table(plan.table),
                format=Format(plan.format),
                chosen=month_chosen(mail.month),
                now=now,
                user_id=mail.user_id,
            )
        except export_jobs.TooManyExports:
            return None
        CostMail.objects.filter(id=mail.id).update(job_id=job.id)
    return job


def _settle(mail: CostMail, fault: Fault | None, now: datetime) -> None:
    own, tries = CostMail.objects.filter(id=mail.id), mail.tries + 1
    if fault is None:
        own.update(due_at=None, sent_at=now, tries=tries, last_error="")
        return
    is_over = now - mail.made_at > KEPT or (fault.is_final and tries >= MOST_TRIES)
    own.update(due_at=None if is_over else now + pause_after(tries), tries=tries, last_error=fault.reason)
    logger.warning("The costs of a month could not be sent: %s", fault.reason)
