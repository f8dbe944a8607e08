"""Domains of companies, which only the people who run the installation confirm."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.acting import Actor, ActorKind
from accounts.admin_forms import Exported
from accounts.audit import record_for_installation
from accounts.models import IdentityDomain


@admin.register(IdentityDomain)
class IdentityDomainAdmin(Exported):
    """Domains that teams say are theirs. To confirm one is to say that the team may speak for all its addresses."""

    list_display = ("domain", "team", "confirmed_at", "is_enforced")
    list_filter = (("confirmed_at", admin.EmptyFieldListFilter),)
    list_select_related = ("team",)
    search_fields = ("domain",)
    actions = ("confirm", "withdraw")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A team notes its domains itself."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Confirmed and withdrawn by the actions, which are recorded."""
        return bool(obj is None and super().has_change_permission(request))

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """A team removes its domains itself."""
        return False

    @admin.action(description=gettext_lazy("Confirm: the team may speak for this domain"))
    def confirm(self, request: HttpRequest, rows: QuerySet[IdentityDomain]) -> None:
        """Confirms what nobody else has confirmed."""
        for one in rows.filter(confirmed_at__isnull=True):
            if IdentityDomain.objects.filter(domain=one.domain, confirmed_at__isnull=False).exists():
                told = _("{domain} is confirmed for another team.").format(domain=one.domain)
                self.message_user(request, told, messages.ERROR)
                continue
            IdentityDomain.objects.filter(id=one.id).update(confirmed_at=timezone.now())
            self._tell(request, "domain.confirmed", one)

    @admin.action(description=gettext_lazy("Withdraw the confirmation"))
    def withdraw(self, request: HttpRequest, rows: QuerySet[IdentityDomain]) -> None:
        """The provider of the team lets nobody of the domain in any more."""
        for one in rows.filter(confirmed_at__isnull=False):
            IdentityDomain.objects.filter(id=one.id).update(confirmed_at=None, is_enforced=False)
            self._tell(request, "domain.withdrawn", one)

    def _tell(self, request: HttpRequest, action: str, one: IdentityDomain) -> None:
        user = request.user
        who = Actor(ActorKind.USER, user.get_username(), user.pk)
        record_for_installation(action, ("domain", one.id, one.domain), about_team=one.team_id, actor=who)
