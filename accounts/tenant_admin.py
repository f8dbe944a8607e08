"""Django's admin for rows of a team: the team is chosen first, then its rows are looked at. Services write them."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.template.response import SimpleTemplateResponse, TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.admin_forms import CappedPaginator, Exported
from accounts.audit import record, record_for_installation
from accounts.models import Team
from accounts.tenancy import current_team_id, team_context

PARAMETER = "team"
_KEPT = "admin_team"
MAX_TEAMS = 100


class TenantAdmin(Exported):
    """Lists and shows the rows of one team at a time; nothing can be added, changed or deleted.

    The team is that of the parameter `team`, which the links of a list carry on, else the one that was chosen last.
    What was given up is tried again by actions (permission `retry`), which tell both logs.
    `related` are read along with each row.
    """

    change_list_template = "admin/team_change_list.html"
    list_per_page = 50
    # Counting all rows beside those that a search finds, and those of each filter, costs more than it says.
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    related: tuple[str, ...] = ()

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Who may change rows of this kind may have them tried again."""
        return bool(request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}"))

    def tell_retry(self, request: HttpRequest, rows: Iterable[Any], count: int, words: str) -> None:
        """Tells both logs and the administrator that rows of the team are tried again."""
        kind = self.opts.verbose_name_raw
        action, target = f"{kind.replace(' ', '_')}.retried", (kind, ", ".join(str(one.pk) for one in rows), kind)
        record(action, target, after={"count": count})
        record_for_installation(action, target, after={"count": count}, about_team=current_team_id())
        self.message_user(request, words, messages.SUCCESS if count else messages.WARNING)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: services own the writes."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: services own the writes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: services own the writes."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows of the team in force."""
        return super().get_queryset(request).filter(team_id=current_team_id()).select_related(*self.related)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The list, or teams to choose from."""
        view = super().changelist_view

        def listing(team: Team) -> HttpResponseBase:
            title = _("{rows} of {team}").format(rows=capfirst(self.opts.verbose_name_plural), team=team.name)
            answer: HttpResponseBase = view(request, {**(extra_context or {}), "title": title})
            return answer

        return self._in_team(request, listing)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """One row."""
        view = super().changeform_view
        return self._in_team(request, lambda team: view(request, object_id, form_url, extra_context))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Refused, once the row is found."""
        view = super().delete_view
        return self._in_team(request, lambda team: view(request, object_id, extra_context))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """What was done to a row in the admin."""
        view = super().history_view
        return self._in_team(request, lambda team: view(request, object_id, extra_context))

    def _in_team(self, request: HttpRequest, view: Callable[[Team], HttpResponseBase]) -> HttpResponseBase:
        """Runs a view in the context of the team, and renders it there, as lists read their rows that late."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        team = None if "choose_team" in request.GET else _told_team(request)
        if team is None:
            return self._choose_team(request)
        if request.session.get(_KEPT) != str(team.id):
            request.session[_KEPT] = str(team.id)
        with team_context(team.id):
            response = view(team)
            if isinstance(response, SimpleTemplateResponse):
                response.render()
        return response

    def _choose_team(self, request: HttpRequest) -> HttpResponseBase:
        q = request.GET.get("choose_team", "").replace("\x00", "")
        found = Team.objects.filter(Q(name__icontains=q) | Q(slug__icontains=q)).order_by("name", "id")
        teams = list(found[: MAX_TEAMS + 1])
        context = {
            **self.admin_site.each_context(request),
            "title": _("{rows}: of which team?").format(rows=capfirst(self.opts.verbose_name_plural)),
            "opts": self.opts,
            "teams": teams[:MAX_TEAMS],
            "is_cut": len(teams) > MAX_TEAMS,
            "most": MAX_TEAMS,
            "q": q,
        }
        return TemplateResponse(request, "admin/choose_team.html", context)


def _told_team(request: HttpRequest) -> Team | None:
    """The team that an address names, itself or by the list that it came from; else the one that was chosen last."""
    came_from = dict(parse_qsl(request.GET.get("_changelist_filters", "")))
    told = request.GET.get(PARAMETER) or came_from.get(PARAMETER) or request.session.get(_KEPT, "")
    try:
        return Team.objects.filter(id=UUID(told)).first()
    except ValueError:
        return None
