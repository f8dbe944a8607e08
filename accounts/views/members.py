"""The members of a team and its open invitations; what each role may do."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.mail import send_mail
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.csv_file import csv_response
from accounts.models import Invitation, Membership
from accounts.permissions import PERMISSION_WORDS, PERMISSIONS, Permission, Role, may_give, role_word
from accounts.reads.members import members_of
from accounts.services.invitations import (
    InvitationRefused,
    Sent,
    invite,
    letter_of,
    open_invitations,
    revoke,
    send_again,
)
from accounts.services.members import MemberRefused, change_role, remove_member
from accounts.services.resets import ResetRefused, make_reset_link

HEAD = ("email", "name", "role", "joined_at", "last_sign_in", "second_factor", "groups", "id")


@team_page(Permission.VIEW_FIGURES)
@require_safe
def members(request: TeamRequest) -> HttpResponseBase:
    """The list, or with `format=csv` its rows."""
    if request.GET.get("format") == "csv":
        rows = [
            (
                *(one.email, one.name, one.role, one.joined_at.isoformat()),
                one.last_login.isoformat() if one.last_login else None,
                *(one.has_second_factor, ", ".join(one.groups), one.id),
            )
            for one in members_of(request.team.id)
        ]
        return csv_response("members.csv", HEAD, rows)
    return _page(request)


@team_page(Permission.MANAGE_MEMBERS)
@require_POST
def set_role(request: TeamRequest, member: UUID) -> HttpResponseBase:
    """Gives a member another role."""
    try:
        one = change_role(
            team_id=request.team.id,
            member_id=member,
            role=request.POST.get("role", ""),
            giver=request.membership.role,
        )
    except Membership.DoesNotExist:
        raise Http404("No such member.") from None
    except MemberRefused as refused:
        return _page(request, refused.reasons)
    messages.success(request, _("{email} is now {role}.").format(email=one.user.email, role=role_word(one.role)))
    return _back(request)


@team_page(Permission.MANAGE_MEMBERS)
@require_POST
def remove(request: TeamRequest, member: UUID) -> HttpResponseBase:
    """Removes a member."""
    try:
        one = remove_member(
            team_id=request.team.id, member_id=member, giver=request.membership.role, now=timezone.now()
        )
    except Membership.DoesNotExist:
        raise Http404("No such member.") from None
    except MemberRefused as refused:
        return _page(request, refused.reasons)
    told = _("{email} was removed and sees nothing of the team any more.")
    messages.success(request, told.format(email=one.user.email))
    return _back(request)


@team_page(Permission.MANAGE_MEMBERS)
@require_POST
def reset_link(request: TeamRequest, member: UUID) -> HttpResponseBase:
    """Makes a link to a new password for a member, where no mail can bring one; it is shown this once."""
    found = Membership.objects.select_related("user").filter(team_id=request.team.id, id=member).first()
    if found is None:
        raise Http404("No such member.")
    try:
        link = make_reset_link(by=request.membership, member=found)
    except ResetRefused as refused:
        return _page(request, {"link": _("was not made. {reason}").format(reason=refused)})
    return _page(request, reset=(found.user.email, link))


@team_page(Permission.MANAGE_MEMBERS)
@require_POST
def add_invitation(request: TeamRequest) -> HttpResponseBase:
    """Invites somebody: by mail, or by a link to copy, which is shown this once."""
    try:
        sent = invite(
            team_id=request.team.id,
            email=request.POST.get("email", "").replace("\x00", ""),
            role=request.POST.get("role", ""),
            giver=request.membership.role,
            by=request.user,
            now=timezone.now(),
        )
    except InvitationRefused as refused:
        return _page(request, refused.reasons)
    return _page(request, sent=sent, is_mailed=_mail(request, sent))


@team_page(Permission.MANAGE_MEMBERS)
@require_POST
def invitation_again(request: TeamRequest, invitation: UUID) -> HttpResponseBase:
    """Makes a new link, good for seven days again."""
    try:
        sent = send_again(
            team_id=request.team.id, invitation_id=invitation, giver=request.membership.role, now=timezone.now()
        )
    except Invitation.DoesNotExist:
        raise Http404("No such invitation.") from None
    except InvitationRefused as refused:
        return _page(request, refused.reasons)
    return _page(request, sent=sent, is_mailed=_mail(request, sent))


@team_page(Permission.MANAGE_MEMBERS)
@require_POST
def revoke_invitation(request: TeamRequest, invitation: UUID) -> HttpResponseBase:
    """Ends an invitation."""
    if not revoke(team_id=request.team.id, invitation_id=invitation, now=timezone.now()):
        raise Http404("No such invitation.")
    messages.success(request, _("The invitation is revoked: its link leads nowhere."))
    return _back(request)


@team_page(Permission.VIEW_FIGURES)
@require_safe
def roles(request: TeamRequest) -> HttpResponseBase:
    """The table of roles and what each may do, or with `format=csv` its rows."""
    rows = [
        (*PERMISSION_WORDS[permission], [(role.label, permission in PERMISSIONS[role]) for role in Role])
        for permission in Permission
    ]
    if request.GET.get("format") == "csv":
        cells = [(name, *("yes" if one else "no" for _role, one in allowed)) for name, _covers, allowed in rows]
        return csv_response("roles.csv", ("permission", *Role.values), cells)
    shown = [(_(name), _(covers), allowed) for name, covers, allowed in rows]
    context = {"roles": Role.labels, "rows": shown, "own": Role(request.membership.role).label}
    return TemplateResponse(request, "settings/roles.html", context)


def _mail(request: TeamRequest, sent: Sent) -> bool:
    """Whether the link went out by mail. Without a mail server, or when it does not take it, somebody copies it."""
    if not settings.MAIL_SERVER.host:
        return False
    subject, text = letter_of(sent, request.team)
    try:
        return bool(send_mail(subject, text, None, [sent.invitation.email]))
    except OSError:
        return False


def _page(
    request: TeamRequest,
    reasons: dict[str, str] | None = None,
    *,
    sent: Sent | None = None,
    is_mailed: bool = False,
    reset: tuple[str, str] | None = None,
) -> HttpResponseBase:
    giver = request.membership.role
    given = [(role.value, role.label) for role in Role if may_give(giver, role)]
    rows, now = members_of(request.team.id), timezone.now()
    owners = sum(one.role == Role.OWNER for one in rows)
    waiting = [(one, Role(one.role).label, one.expires_at <= now) for one in open_invitations(request.team.id)]
    context = {
        "rows": [(one, may_give(giver, one.role) and not (one.role == Role.OWNER and owners == 1)) for one in rows],
        "knows_factors": any(one.has_second_factor is not None for one in rows),
        "invitations": waiting,
        "given": given,
        "reasons": reasons,
        "sent": sent,
        "is_mailed": is_mailed,
        "reset": reset,
        "sends_mail": bool(settings.MAIL_SERVER.host),
        "may_manage": request.membership.allows(Permission.MANAGE_MEMBERS),
        "told_email": request.POST.get("email", "") if reasons else "",
    }
    return TemplateResponse(request, "settings/members.html", context, status=422 if reasons else 200)


def _back(request: TeamRequest) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("members", args=[request.team.slug]))
