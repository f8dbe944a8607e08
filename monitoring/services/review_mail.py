"""The weekly review by e-mail: who gets it, queued on Mondays, sent by claims.

The truth is in `review_mail`: one row a team, member and week. Queueing twice adds nothing. A claim moves `due_at` on
by `CLAIM`: when its worker is killed another one sends it. Nothing is locked while the mail server is talked to. A
worker killed between the server's "250" and our note of it sends the same `Message-ID` a second time.
"""

import logging
import smtplib
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction

from accounts.closed_teams import NOT_CLOSED
from accounts.mailing import Fault, can_send, fault_of, hand_over
from accounts.models import Membership
from accounts.models.membership import REVIEW_ROLES
from accounts.retrying import KEPT, MOST_TRIES, pause_after
from accounts.tenancy import team_context
from monitoring.models import ReviewMail
from monitoring.services.review import make_review
from monitoring.services.review_letter import write_letter
from monitoring.weeks import Week, week_of

logger = logging.getLogger(__name__)

# Mondays at 06:00 UTC; an installation that was off then catches up for three days.
SENT_AFTER = timedelta(hours=6)
CATCH_UP = timedelta(days=3)
CLAIM = timedelta(seconds=120)
REPEAT_AFTER = timedelta(minutes=1)
REMEMBERED = timedelta(days=365)
_QUEUE = f"""INSERT INTO review_mail (id, team_id, user_id, week, made_at, due_at, tries, last_error)
SELECT gen_random_uuid(), m.team_id, m.user_id, %(week)s, %(now)s, %(now)s, 0, ''
FROM accounts_membership m JOIN accounts_user u ON u.id = m.user_id
WHERE u.is_active AND m.{NOT_CLOSED} AND COALESCE(m.wants_review, m.role = ANY(%(roles)s)) AND m.created_at <= %(due)s
    AND (m.review_chosen_at IS NULL OR m.review_chosen_at <= %(due)s)
ON CONFLICT (team_id, user_id, week) DO NOTHING"""
_CLAIM = f"""UPDATE review_mail SET due_at = %(until)s, tries = tries + 1 WHERE id IN (
    SELECT id FROM review_mail WHERE due_at <= %(now)s AND {NOT_CLOSED}
    ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id"""
_AGAIN = """INSERT INTO review_mail (id, team_id, user_id, week, made_at, due_at, tries, last_error)
VALUES (%(id)s, %(team)s, %(user)s, %(week)s, %(now)s, %(now)s, 0, '')
ON CONFLICT (team_id, user_id, week) DO UPDATE
    SET made_at = EXCLUDED.made_at, due_at = EXCLUDED.due_at, sent_at = NULL, tries = 0, last_error = ''
    WHERE review_mail.made_at <= %(before)s"""


def queue_due(now: datetime) -> int:
    """From Monday 06:00 UTC on: the review of the week before, for each member who gets it; how many were added.

    Who joined or chose later than that gets the next one.
    """
    due = week_of(now).start + SENT_AFTER
    if not can_send() or not due <= now < due + CATCH_UP:
        return 0
    told: dict[str, Any] = {
        "week": week_of(now).previous.start.date(),
        "now": now,
        "due": due,
        "roles": [str(r) for r in REVIEW_ROLES],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_QUEUE, told)
        added = int(cursor.rowcount)
        cursor.execute("DELETE FROM review_mail WHERE week < %s AND due_at IS NULL", [(now - REMEMBERED).date()])
    return added


def queue_now(*, team_id: UUID, user_id: UUID, week: Week, now: datetime) -> bool:
    """Queues a week for one member, also a second time; false where that was asked for less than a minute ago."""
    told: dict[str, Any] = {"id": uuid4(), "team": team_id, "user": user_id, "week": week.start.date(), "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_AGAIN, {**told, "before": now - REPEAT_AFTER})
        return bool(cursor.rowcount == 1)


def choose(*, membership_id: UUID, wants: bool, now: datetime) -> bool:
    """Keeps whether a member gets the review by e-mail; false where there is no such member. A no stops what waits."""
    found = Membership.objects.filter(id=membership_id)
    if not found.update(wants_review=wants, review_chosen_at=now):
        return False
    if not wants:
        member = found.get()
        ReviewMail.objects.filter(team_id=member.team_id, user_id=member.user_id).update(due_at=None)
    return True


def latest_of(team_id: UUID, user_id: UUID) -> ReviewMail | None:
    """What was queued last for a member."""
    return ReviewMail.objects.filter(team_id=team_id, user_id=user_id).order_by("-made_at", "id").first()


def send_due(now: datetime, *, seconds: float) -> int:
    """Sends what is due, one after the other, for about so long; how many tries."""
    began, count = time.monotonic(), 0
    while can_send() and time.monotonic() - began < seconds and (found := claim(now)):
        deliver(found, now)
        count += 1
    return count


def claim(now: datetime) -> UUID | None:
    """The next one that is due, for this worker alone; None without one."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "until": now + CLAIM})
        found = cursor.fetchone()
    return found[0] if found else None


def deliver(mail_id: UUID, now: datetime) -> None:
    """One try of one review, as the member's role reads it now. Who left the team gets nothing."""
    mail = ReviewMail.objects.select_related("team").get(id=mail_id)
    members = Membership.objects.select_related("user").filter(team_id=mail.team_id, user_id=mail.user_id)
    member = members.filter(user__is_active=True).first()
    if member is None:
        ReviewMail.objects.filter(id=mail_id).delete()
        return
    week = Week(datetime(mail.week.year, mail.week.month, mail.week.day, tzinfo=UTC))
    with team_context(mail.team_id):
        message = write_letter(mail, mail.team, member, make_review(mail.team_id, week, now))
    fault = None
    try:
        hand_over(message)
    except (smtplib.SMTPException, OSError) as error:
        fault = fault_of(error)
    _settle(mail, fault, now)


def _settle(mail: ReviewMail, fault: Fault | None, now: datetime) -> None:
    """Writes down a try. One that was asked for again meanwhile is left alone."""
    own = ReviewMail.objects.filter(id=mail.id, made_at=mail.made_at)
    if fault is None:
        own.update(due_at=None, sent_at=now, last_error="")
        return
    is_over = now - mail.made_at > KEPT or (fault.is_final and mail.tries >= MOST_TRIES)
    own.update(due_at=None if is_over else now + pause_after(mail.tries), last_error=fault.reason)
    logger.warning("The weekly review could not be sent: %s", fault.reason)
