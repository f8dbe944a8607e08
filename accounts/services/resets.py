"""A way back in for a member who forgot the password, where no e-mail can be sent: a link that an admin hands over."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Membership
from accounts.permissions import Permission, Role
from accounts.services.identity import provider_for


class ResetRefused(Exception):
    """The link may not be made; the text says why and what else to do."""


def make_reset_link(*, by: Membership, member: Membership) -> str:
    """The address where the member sets a new password, good once and for `PASSWORD_RESET_TIMEOUT`. Is recorded.

    Inside the team's context. Raises `ResetRefused`: who holds such a link becomes that person, so an admin of one team
    makes none for people of other teams, of the installation's administration, or for owners.
    """
    if settings.MAIL_SERVER.host:
        raise ResetRefused(
            _("This installation sends mail: they ask for a link themselves, on the page of signing in.")
        )
    if by.team_id != member.team_id or not by.allows(Permission.MANAGE_MEMBERS):
        raise ResetRefused(_("Only owners and admins of the team make such links."))
    if member.role == Role.OWNER and by.role != Role.OWNER:
        raise ResetRefused(_("Only an owner makes a link for an owner."))
    if member.user.is_staff:
        raise ResetRefused(_("This person administers the installation: another administrator helps them."))
    if Membership.objects.filter(user_id=member.user_id).exclude(team_id=member.team_id).exists():
        raise ResetRefused(_("This person is in other teams, too: the administrator of the installation helps them."))
    provider = provider_for(member.user.email)
    if provider is not None and provider.team_id != by.team_id:
        raise ResetRefused(_("Addresses of this domain sign in by the provider of their company."))
    key = f"{user_pk_to_url_str(member.user)}-{default_token_generator.make_token(member.user)}"
    record("member.reset_link_made", ("member", member.user_id, member.user.email))
    uidb36, _hyphen, token = key.partition("-")
    return settings.BASE_URL.rstrip("/") + reverse("account_reset_password_from_key", args=[uidb36, token])
