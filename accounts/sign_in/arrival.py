"""What happens when somebody has signed in."""

from typing import Any

from django.http import HttpRequest

from accounts.acting import Actor, ActorKind, set_user
from accounts.audit import record_for_installation
from accounts.models import Team, User
from accounts.services.identity import apply_groups, provider_with
from accounts.services.invitations import InvitationRefused, accept_invitation
from accounts.services.sign_up import take_waiting

# In the session: the team whose provider let the person in.
PROVIDER_TEAM = "identity_provider_team"


def arrive(request: HttpRequest, user: User, login: Any) -> None:
    """Notes the sign-in; by a provider (`login`, allauth's social login) it also gives the role of the groups."""
    who, target = Actor(ActorKind.USER, user.email, user.id), ("user", user.id, user.email)
    request.session.pop(PROVIDER_TEAM, None)
    provider = provider_with(login.account.provider) if login is not None else None
    if provider is None:
        record_for_installation("user.signed_in", target, note=_way(request), actor=who)
        return
    request.session[PROVIDER_TEAM] = str(provider.team_id)
    apply_groups(provider=provider, user=user, groups=groups_of(provider.groups_claim, login.account.extra_data))
    record_for_installation(
        "user.signed_in", target, note=f"by {provider.name}", actor=who, about_team=provider.team_id
    )


def join_waiting(request: HttpRequest, user: User) -> Team | None:
    """Makes who signed up by an invitation a member; the team, or None where there is none or it has ended."""
    token = take_waiting(request)
    if not token:
        return None
    set_user(user)
    try:
        return accept_invitation(token, user).team
    except InvitationRefused:
        return None


def groups_of(claim: str, told: dict[str, Any]) -> list[str]:
    """The groups in what a provider told: the claim itself, or that of the user information or the token."""
    for part in (told, told.get("userinfo") or {}, told.get("id_token") or {}):
        found = part.get(claim) if isinstance(part, dict) else None
        if isinstance(found, str):
            return [found]
        if isinstance(found, list):
            return [str(one) for one in found]
    return []


def _way(request: HttpRequest) -> str:
    """By which methods the session was opened: `password, mfa`."""
    told = request.session.get("account_authentication_methods", [])
    return ", ".join(dict.fromkeys(str(one.get("type") or one.get("method")) for one in told))
