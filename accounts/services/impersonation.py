"""Administrators who see a team's pages as one of its members: read only, with a reason, for half an hour, all told."""

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.acting import Actor, ActorKind
from accounts.audit import record, record_for_installation
from accounts.models import AuditEvent, Impersonation, Membership, User
from accounts.permissions import Permission
from accounts.tenancy import team_context

LENGTH = timedelta(minutes=30)
MAX_REASON = 500
# Pages that renew themselves ask for the same address again and again: within this time it is told once.
REPEATS = timedelta(seconds=60)


class ImpersonationRefused(Exception):
    """It may not begin: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


def may_impersonate(user: User | AnonymousUser) -> bool:
    """Whether this person may see teams as their members do."""
    return bool(user.is_active and user.is_staff and user.has_perm("accounts.impersonate"))


@transaction.atomic
def begin(*, membership: Membership, staff: User, reason: str, now: datetime) -> Impersonation:
    """Lets `staff` see the team as this member. Raises `ImpersonationRefused`. Is told in both logs."""
    reason = " ".join(reason.replace("\x00", "").split())
    if reasons := _faults(membership, staff, reason):
        raise ImpersonationRefused(reasons)
    made = Impersonation.objects.create(
        team_id=membership.team_id,
        member_id=membership.user_id,
        staff=staff,
        reason=reason,
        began_at=now,
        ends_at=now + LENGTH,
    )
    _tell("impersonation.began", made, membership.user, after={"reason": reason, "ends_at": made.ends_at})
    return made


def _faults(membership: Membership, staff: User, reason: str) -> dict[str, str]:
    found: dict[str, str] = {}
    if not may_impersonate(staff):
        found["staff"] = _("must have the permission to see a team as one of its members")
    if not reason or len(reason) > MAX_REASON:
        found["reason"] = _("must be told, with at most {most} characters").format(most=MAX_REASON)
    if fault := fault_of(membership, staff):
        found["member"] = fault
    return found


def fault_of(membership: Membership, staff: User) -> str:
    """Why nobody may see the team as this member; empty when `staff` may."""
    user = membership.user
    if user.id == staff.id:
        return _("is yourself: open the team's pages as you are")
    if user.is_staff or user.is_superuser:
        return _("administers the installation, and nobody may be seen as an administrator")
    return "" if user.is_active else _("is deactivated")


def find(id: UUID, staff: User) -> Impersonation | None:
    """The one with this id that `staff` began and has not ended, with its team and people."""
    found = Impersonation.objects.select_related("team", "member", "staff")
    return found.filter(id=id, staff_id=staff.id, ended_at__isnull=True).first()


def membership_of(one: Impersonation, now: datetime) -> Membership | None:
    """The membership as which the team is seen; None when that has come to its end, whatever the reason."""
    found = Membership.objects.select_related("user", "team").filter(team_id=one.team_id, user_id=one.member_id).first()
    if found is None or now >= one.ends_at or not may_impersonate(one.staff) or fault_of(found, one.staff):
        return None
    # With a key or the address of a source anybody could report, also past the session that is read only.
    held_back = {Permission.MANAGE_KEYS}
    if not found.team.shows_payloads_to_staff:
        held_back.add(Permission.VIEW_PAYLOADS)
    found.withheld = frozenset(held_back)
    return found


@transaction.atomic
def end(one: Impersonation, now: datetime, note: str = "") -> None:
    """Ends it; told in both logs, once."""
    if Impersonation.objects.filter(id=one.id, ended_at__isnull=True).update(ended_at=min(now, one.ends_at)):
        pages = Impersonation.objects.values_list("page_count", flat=True).get(id=one.id)
        _tell("impersonation.ended", one, one.member, after={"pages": pages}, note=note)


def note_page(one: Impersonation, path: str, name: str, now: datetime) -> None:
    """Tells both logs that a page was seen, inside the team's context."""
    target = ("page", path[:200], name)
    told = AuditEvent.objects.filter(team_id=one.team_id, actor_id=one.member_id, at__gt=now - REPEATS)
    if told.filter(action="page.viewed", target_id=target[1], impersonated_by=one.staff.email).exists():
        return
    record("page.viewed", target, actor=_as_member(one))
    note = f"as {one.member.email}"
    record_for_installation("page.viewed", target, note=note, about_team=one.team_id, actor=_as_staff(one.staff))
    Impersonation.objects.filter(id=one.id).update(page_count=F("page_count") + 1)


def _tell(action: str, one: Impersonation, member: User, *, after: dict[str, object], note: str = "") -> None:
    target = ("member", member.id, member.email)
    with team_context(one.team_id):
        record(action, target, after=after, note=note, actor=_as_staff(one.staff))
    record_for_installation(action, target, after=after, note=note, about_team=one.team_id, actor=_as_staff(one.staff))


def _as_staff(staff: User) -> Actor:
    return Actor(ActorKind.USER, staff.email, staff.id)


def _as_member(one: Impersonation) -> Actor:
    return Actor(ActorKind.USER, one.member.email, one.member_id, impersonated_by=one.staff.email)
