"""Saved views: the menu on the pages that have some, and the page where they are named, shared and deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring.models import SavedView, ViewPage, Workflow
from monitoring.reads.saved_views import ViewRow, default_query, views_of_page, views_of_team
from monitoring.reads.workflows import find
from monitoring.services import saved_views as services
from monitoring.services.saved_views import Place, ViewRefused
from monitoring.views.csv import csv_response
from monitoring.views.shell import Scope

HEADER = ("Name", "Page", "Workflow", "Shared", "Made by", "Query")


@dataclass(frozen=True, slots=True)
class ListedView:
    """A view in a list, with its address and whether the member may change it."""

    row: ViewRow
    href: str
    may_change: bool

    @property
    def page(self) -> str:
        """The page that it is of, in words."""
        return str(ViewPage(self.row.page).label)

    @property
    def dialog(self) -> str:
        """The end of the id of the dialog that asks before it is deleted."""
        return self.row.id.hex


@dataclass(frozen=True, slots=True)
class ViewsMenu:
    """The menu of views on a page: those that there are, and what saving this one takes. `current` is the name of the
    one that is open.
    """

    views: Sequence[ListedView]
    page: str
    workflow: str
    query: str
    current: str


def views_menu(request: TeamRequest, scope: Scope, page: ViewPage) -> ViewsMenu:
    """The views of the page that is open. One query."""
    workflow = scope.workflow
    rows = views_of_page(request.team.id, request.user.id, page, workflow.id if workflow else None)
    query = scope.filters.query(after=None)
    current = next((row.name for row in rows if f"?{row.query}" == query), "")
    return ViewsMenu(_listed(request, rows), page.value, workflow.slug if workflow else "", query, current)


def default_address(request: TeamRequest, page: ViewPage, workflow: Workflow | None = None) -> str | None:
    """Where the page leads for this member when it is opened without a query; None without a default."""
    if request.GET:
        return None
    query = default_query(request.team.id, request.user.id, page, workflow.id if workflow else None)
    return f"{request.path}?{query}" if query else None


@team_page(Permission.VIEW_FIGURES)
@require_http_methods(["GET", "HEAD", "POST"])
def saved_views(request: TeamRequest) -> HttpResponseBase:
    """All views that the member sees, or with `format=csv` these as a file; a POST saves one and opens it."""
    if request.method == "POST":
        return _save(request)
    rows = _listed(request, views_of_team(request.team.id, request.user.id))
    if request.GET.get("format") == "csv":
        return csv_response("views.csv", HEADER, [_cells(one) for one in rows])
    return TemplateResponse(request, "views/views.html", {"views": rows})


@team_page(Permission.VIEW_FIGURES)
@require_POST
def change_view(request: TeamRequest, view: UUID) -> HttpResponseBase:
    """`action` is change (`name`, `shared`), delete, default or no-default. Raises `Http404`."""
    found = services.visible_views(request.team.id, request.user).filter(id=view).first()
    action = request.POST.get("action", "")
    if found is None or (action in ("change", "delete") and not _may_change(request, found)):
        raise Http404("No such view.")
    try:
        said = _do(request, found, action)
    except ViewRefused as refused:
        messages.error(request, _("Not saved. {reason}").format(reason=refused))
    else:
        messages.success(request, said)
    return HttpResponseRedirect(reverse("saved_views", args=[request.team.slug]))


def _save(request: TeamRequest) -> HttpResponseBase:
    told = request.POST
    page, slug, name, query = (told.get(field, "") for field in ("page", "workflow", "name", "query"))
    is_shared, is_default = (told.get(field) == "on" for field in ("shared", "default"))
    workflow = find(request.team.id, slug) if slug else None
    if slug and workflow is None:
        raise Http404("No such workflow.")
    try:
        made = services.save_view(
            team_id=request.team.id,
            user=request.user,
            place=_place(page, workflow),
            name=name,
            query=query,
            is_shared=is_shared,
            now=timezone.now(),
        )
        if is_default:
            services.set_default(made, request.user)
    except ViewRefused as refused:
        messages.error(request, _("Not saved. {reason}").format(reason=refused))
        return HttpResponseRedirect(_back(request))
    said = _("Saved as “{name}”, for the team.") if made.is_shared else _("Saved as “{name}”.")
    messages.success(request, said.format(name=made.name))
    slug_of = workflow.slug if workflow else None
    return HttpResponseRedirect(_address(request.team.slug, made.page, slug_of, made.query))


def _place(page: str, workflow: Workflow | None) -> Place:
    """The page that a view is of. Raises `ViewRefused`."""
    if page not in ViewPage.values or (workflow is None) != (page == ViewPage.EXECUTIONS):
        raise ViewRefused(_("Views are kept of the Executions page, and of the Failures page of a workflow."))
    return Place(ViewPage(page), workflow)


def _do(request: TeamRequest, view: SavedView, action: str) -> str:
    if action == "change":
        changed = services.change_view(
            view, name=request.POST.get("name", ""), is_shared=request.POST.get("shared") == "on"
        )
        said = (
            _("Saved: “{name}” is a view of the team.") if changed.is_shared else _("Saved: “{name}” is yours alone.")
        )
        return said.format(name=changed.name)
    if action == "delete":
        name = view.name
        view.delete()
        return _("Deleted the view “{name}”.").format(name=name)
    if action == "default":
        services.set_default(view, request.user)
        return _("The page opens with “{name}” for you from now on.").format(name=view.name)
    if action == "no-default":
        services.clear_default(view, request.user)
        return _("The page opens without “{name}”.").format(name=view.name)
    raise Http404("No such action.")


def _may_change(request: TeamRequest, view: SavedView) -> bool:
    """Whoever made it; one of the team those, too, who manage its members."""
    return view.made_by_id == request.user.id or request.membership.allows(Permission.MANAGE_MEMBERS)


def _listed(request: TeamRequest, rows: Sequence[ViewRow]) -> list[ListedView]:
    is_admin = request.membership.allows(Permission.MANAGE_MEMBERS)
    return [
        ListedView(row, _address(request.team.slug, row.page, row.workflow_slug, row.query), row.is_own or is_admin)
        for row in rows
    ]


def _address(team: str, page: str, workflow: str | None, query: str) -> str:
    return reverse(page, args=[team, workflow] if workflow else [team]) + f"?{query}"


def _back(request: TeamRequest) -> str:
    """The page that the form stood on; the list of views where it does not say."""
    told = request.POST.get("back", "")
    if url_has_allowed_host_and_scheme(told, {request.get_host()}, require_https=request.is_secure()):
        return told
    return reverse("saved_views", args=[request.team.slug])


def _cells(one: ListedView) -> list[str | None]:
    row = one.row
    return [row.name, one.page, row.workflow, "yes" if row.is_shared else "no", row.made_by, row.query]
