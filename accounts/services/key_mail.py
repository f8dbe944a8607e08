"""Mails before an API key ends: queued once 14 and 3 days before, sent by claims.

The truth is in `key_mail`: one row a key, person and number of days. Queueing twice adds nothing. A claim moves
`due_at` on by `CLAIM`: when its worker is killed another one sends it, with the same `Message-ID`. Nothing is locked
while the mail server is talked to.
"""

import logging
import math
import smtplib
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection
from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.closed_teams import NOT_CLOSED
from accounts.mailing import Fault, can_send, fault_of, hand_over, mail_domain
from accounts.models import ApiKey, KeyMail, Membership, Scope, User
from accounts.permissions import Permission, Role
from accounts.retrying import KEPT, MOST_TRIES, pause_after

logger = logging.getLogger(__name__)

# How many days before the end.
DAYS = (14, 3)
# An installation that was off then catches up for so long.
CATCH_UP = timedelta(days=1)
CLAIM = timedelta(seconds=120)
REMEMBERED = timedelta(days=60)
_CLAIM = f"""UPDATE key_mail SET due_at = %(until)s, tries = tries + 1 WHERE id IN (
    SELECT id FROM key_mail WHERE due_at <= %(now)s AND {NOT_CLOSED}
    ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id"""


def queue_due(now: datetime) -> None:
    """Queues what is due by now. A key that was made for less time than that, or replaced, gets none."""
    if not can_send():
        return
    KeyMail.objects.filter(due_at__isnull=True, made_at__lt=now - REMEMBERED).delete()
    wanted = [
        KeyMail(team_id=key.team_id, key_id=key.id, user=user, days=days, made_at=now, due_at=now)
        for days in DAYS
        for key in _ending(now, timedelta(days=days))
        for user in who_hears(key)
    ]
    KeyMail.objects.bulk_create(wanted, ignore_conflicts=True)


def _ending(now: datetime, before: timedelta) -> Sequence[ApiKey]:
    """Keys that came within `before` of their end since `CATCH_UP`, of teams that are open."""
    found = ApiKey.objects.filter(
        revoked_at__isnull=True,
        replaced_at__isnull=True,
        expires_at__gt=now + before - CATCH_UP,
        expires_at__lte=now + before,
        created_at__lte=F("expires_at") - before,
        team__erased_from__isnull=True,
        team__suspended_at__isnull=True,
    )
    return list(found.order_by("expires_at", "id"))


def who_hears(key: ApiKey) -> Sequence[User]:
    """Whom a key stands for, or who made it; the owners, where that one left the team or may not replace it.

    A key of somebody who left works no longer: nobody has to hear of its end.
    """
    members = Membership.objects.select_related("user").filter(team_id=key.team_id, user__is_active=True)
    person = key.member_id or key.created_by_id
    one = members.filter(user_id=person).first() if person is not None else None
    if one is not None and one.allows(Permission.MANAGE_KEYS):
        return [one.user]
    if one is None and key.member_id is not None:
        return []
    return [owner.user for owner in members.filter(role=Role.OWNER).order_by("created_at", "id")]


def send_due(now: datetime, *, seconds: float) -> int:
    """Sends what is due, one after the other, for about so long; how many tries."""
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
    """One try of one mail. Of a key that was revoked, replaced or ended, and to who left the team, nothing is told."""
    mail = KeyMail.objects.select_related("team", "user").get(id=mail_id)
    live = ApiKey.objects.filter(revoked_at__isnull=True, replaced_at__isnull=True, expires_at__gt=now)
    key = live.filter(team_id=mail.team_id, id=mail.key_id).select_related("created_by", "member").first()
    is_member = Membership.objects.filter(team_id=mail.team_id, user_id=mail.user_id, user__is_active=True).exists()
    if key is None or not is_member:
        KeyMail.objects.filter(id=mail_id).update(due_at=None)
        return
    fault = None
    try:
        hand_over(write_letter(mail, key, now))
    except (smtplib.SMTPException, OSError) as error:
        fault = fault_of(error)
    _settle(mail, fault, now)


def _settle(mail: KeyMail, fault: Fault | None, now: datetime) -> None:
    own = KeyMail.objects.filter(id=mail.id)
    if fault is None:
        own.update(due_at=None, sent_at=now, last_error="")
        return
    is_over = now - mail.made_at > KEPT or (fault.is_final and mail.tries >= MOST_TRIES)
    own.update(due_at=None if is_over else now + pause_after(mail.tries), last_error=fault.reason)
    logger.warning("A mail about an API key could not be sent: %s", fault.reason)


def write_letter(mail: KeyMail, key: ApiKey, now: datetime) -> EmailMessage:
    """The message: which key ends when, what it may do, and where it is replaced. The key has an end."""
    ends_at = key.expires_at or now
    days = math.ceil((ends_at - now) / timedelta(days=1))
    told = ngettext(
        "{team}: the API key {key} ends in {days} day", "{team}: the API key {key} ends in {days} days", days
    ).format(team=mail.team.name, key=key.name, days=days)
    page = settings.BASE_URL.rstrip("/") + reverse("key", args=[mail.team.slug, key.id])
    lines = [
        told,
        "",
        _("It ends on {at}. Programs that use it are refused from then on.").format(at=_words(ends_at)),
        "",
        _("Key: {name} ({prefix})").format(name=key.name, prefix=key.prefix),
        _("May: {scopes}").format(scopes=", ".join(str(Scope(scope).label) for scope in key.scopes)),
        _("Last used: {at}").format(at=_words(key.last_used_at) if key.last_used_at else _("never")),
        *([_("Made by: {email}").format(email=key.created_by.email)] if key.created_by else []),
        *([_("Stands for: {email}").format(email=key.member.email)] if key.member else []),
        "",
        _("Replace it in time: {address}").format(address=page),
        _("The new one may do the same; the old one works on for the hours that you choose."),
    ]
    return EmailMessage(
        subject=" ".join(told.split()),
        body="\n".join(lines) + "\n",
        to=[mail.user.email],
        headers={"Message-ID": f"<key.{mail.id.hex}@{mail_domain()}>", "Auto-Submitted": "auto-generated"},
    )


def _words(at: datetime) -> str:
    return f"{at:%-d %B %Y, %H:%M} UTC"
