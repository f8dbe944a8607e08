"""How the members of a team sign in: second factor, identity provider, domains."""

from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import TeamRequest, team_page
from accounts.models import IdentityDomain, ProviderKind, TeamIdentityProvider
from accounts.models.identity import GIVEN_ROLES
from accounts.permissions import Permission, Role
from accounts.services import identity_settings as service
from accounts.services.provisioned_groups import groups_in
from accounts.sign_in.confirming import CannotConfirm, require_confirmed


@team_page(Permission.MANAGE_TEAM)
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_settings(request: TeamRequest) -> HttpResponseBase:
    """The page; a POST does what `do` says, once its sender has confirmed who they are.

    For owners: who sets the provider decides who gets in as whom.
    """
    reason = ""
    if request.method == "POST":
        try:
            require_confirmed(request)
            DO.get(request.POST.get("do", ""), _nothing)(request)
        except (service.SettingsRefused, CannotConfirm, ValueError) as error:
            reason = str(error)
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(reverse("sign_in_settings", args=[request.team.slug]))
    one = TeamIdentityProvider.objects.filter(team_id=request.team.id).first()
    told = request.POST if reason and request.POST.get("do") == "provider" else None
    context = {
        "provider": one,
        "told": told or one,
        "told_groups": told.get("group_roles") if told else _lines(one),
        "kinds": ProviderKind.choices,
        "roles": list(GIVEN_ROLES),
        "domains": IdentityDomain.objects.filter(team_id=request.team.id).order_by("domain"),
        "addresses": _addresses(one) if one else [],
        "reason": reason,
        "scim_address": f"{settings.BASE_URL.rstrip('/')}/scim/v2",
        "directory_groups": _directory_groups(request, one),
    }
    return TemplateResponse(request, "settings/sign_in.html", context, status=422 if reason else 200)


def _addresses(one: TeamIdentityProvider) -> list[tuple[str, str]]:
    """What has to be entered at the provider: labels and addresses."""
    base = settings.BASE_URL.rstrip("/")
    if one.kind == ProviderKind.OPENID_CONNECT:
        return [(_("Redirect address"), base + reverse("openid_connect_callback", args=[one.id]))]
    return [
        (_("Entity id and metadata"), base + reverse("saml_metadata", args=[one.id])),
        (_("Assertion consumer service"), base + reverse("saml_acs", args=[one.id])),
    ]


def _directory_groups(request: TeamRequest, one: TeamIdentityProvider | None) -> list[tuple[str, int, str]]:
    """Groups that SCIM told: name, members, and the role that the name gives, if any."""
    roles = one.group_roles if one and one.is_enabled else {}
    return [
        (group.name, len(group.members), str(Role(roles[group.name]).label) if group.name in roles else "")
        for group in groups_in(request.team.id)
    ]


def _lines(one: TeamIdentityProvider | None) -> str:
    return "\n".join(f"{group} = {role}" for group, role in sorted(one.group_roles.items())) if one else ""


def _id(request: TeamRequest) -> UUID:
    return UUID(request.POST.get("domain", ""))


def _nothing(request: TeamRequest) -> None:
    raise service.SettingsRefused(_("Nothing was asked for."))


DO: dict[str, Callable[[TeamRequest], object]] = {
    "provider": lambda request: service.save_provider(request.team, request.POST.dict()),
    "remove_provider": lambda request: service.remove_provider(request.team),
    "add_domain": lambda request: service.add_domain(request.team, request.POST.get("name", "")[:260]),
    "remove_domain": lambda request: service.remove_domain(request.team, _id(request)),
    "enforce": lambda request: service.enforce_domain(request.team, _id(request), enforced=True),
    "relax": lambda request: service.enforce_domain(request.team, _id(request), enforced=False),
    "second_factor": lambda request: service.require_second_factor(
        request.team, required=bool(request.POST.get("required"))
    ),
}
