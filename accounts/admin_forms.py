"""What pages of the administration share: rows that are looked at, acts that ask first, changes that are told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import lookup_field
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.audit import record_for_installation
from accounts.csv_file import MAX_ROWS, csv_lines
from accounts.services.administration import AdministrationRefused

MOST_COUNTED = 10_000


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts so many rows and no more: a log of millions is not read through for its number."""

    @cached_property
    def count(self) -> int:
        """The rows, at most `MOST_COUNTED`."""
        return int(cast("QuerySet[Any]", self.object_list)[:MOST_COUNTED].count())


def csv_download(file: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> StreamingHttpResponse:
    """A download of rows, told to the log of the installation."""
    record_for_installation("export.downloaded", ("export", file, file), after={"rows": len(rows)})
    response = StreamingHttpResponse(csv_lines(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file}"'
    return response


class Exported(admin.ModelAdmin):  # type: ignore[type-arg]
    """A list with `format=csv`: what its filters find, in its columns, at most `MAX_ROWS` rows; is told."""

    change_list_template = "admin/list.html"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The list, or its rows as CSV."""
        if request.GET.get("format") != "csv":
            return super().changelist_view(request, extra_context)
        if not self.has_view_permission(request):
            raise PermissionDenied
        query: Any = request.GET.copy()
        del query["format"]
        request.GET = query
        changes = self.get_changelist_instance(request)
        names = [str(name) for name in self.list_display]
        with translation.override(settings.LANGUAGE_CODE):
            rows = [[self._cell(name, row) for name in names] for row in changes.queryset[:MAX_ROWS]]
        return csv_download(f"{self.opts.model_name}.csv", names, rows)

    def _cell(self, name: str, row: Any) -> Any:
        value = lookup_field(name, row, self)[2]
        return value.isoformat() if hasattr(value, "isoformat") else value


class LookedAt(Exported):
    """Rows that are looked at: none is added, changed or deleted by a form. Lists cost the same whatever their length.

    `starts` are columns with an index that a search compares with the start of what is searched, in lower case.
    """

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    starts: tuple[str, ...] = ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The list, named by what is in it."""
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """The columns that are searched, each by how it begins: so their index is used."""
        return [f"{name}__startswith" for name in self.starts]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """What is searched is kept in lower case, and has no NUL."""
        return super().get_search_results(request, queryset, search_term.replace("\x00", "").lower())


class Told(admin.ModelAdmin):  # type: ignore[type-arg]
    """What is changed by a form stands in the log of the installation, too. `team_of` says which team it is about."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Tells that a row was added."""
        self._tell("added", obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Tells that a row was changed, and which fields: with what it was before it stands in the log of the team."""
        entry = super().log_change(request, obj, message)
        # The log has one language.
        with translation.override(settings.LANGUAGE_CODE):
            self._tell("changed", obj, entry.get_change_message())
        return entry

    def _tell(self, happened: str, obj: Any, note: str = "") -> None:
        kind = self.opts.verbose_name_raw.replace(" ", "_")
        record_for_installation(f"{kind}.{happened}", obj, note=note, about_team=self.team_of(obj))

    def team_of(self, obj: Any) -> Any:
        """The id of the team that a row is about, or None."""
        return getattr(obj, "team_id", None)


@dataclass(frozen=True, slots=True)
class Act:
    """Something that is done to one row: what the button says, what it means, and whether it asks for a reason.

    `run` takes the request, the row and the reason; its answer is what the page then says. It raises
    `AdministrationRefused`. `fits` says whether the row is one to which it can be done.
    """

    label: str
    text: str
    run: Callable[[Any, Any, str], str]
    fits: Callable[[Any], bool] = lambda row: True
    asks: bool = False


class WithActs(LookedAt):
    """Rows with acts: each has a page that says what it does and asks before it is done."""

    change_form_template = "admin/acts.html"
    acts: dict[str, Act] = {}

    def may_act(self, request: HttpRequest) -> bool:
        """Whether the administrator may change rows of this kind at all."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def get_urls(self) -> list[URLPattern]:
        """With the page of the acts."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_act"
        own = path("<path:object_id>/act/<slug:act>/", self.admin_site.admin_view(self.act_view), name=name)
        return [own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The row, with what can be done to it."""
        row = self.get_object(request, object_id)
        shown = row is not None and self.may_act(request)
        acts = [(name, _(act.label)) for name, act in self.acts.items() if shown and act.fits(row)]
        title = capfirst(str(self.opts.verbose_name))
        return super().change_view(
            request, object_id, form_url, {"title": title, **(extra_context or {}), "acts": acts}
        )

    def act_view(self, request: HttpRequest, object_id: str, act: str) -> HttpResponseBase:
        """Asks, and on POST does it."""
        found, row = self.acts.get(act), self.get_object(request, object_id)
        if not self.may_act(request):
            raise PermissionDenied
        if found is None or row is None or not found.fits(row):
            raise Http404("This cannot be done to it.")
        page = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])
        fault = ""
        if request.method == "POST":
            try:
                messages.success(request, found.run(request, row, request.POST.get("reason", "")))
                return HttpResponseRedirect(page)
            except AdministrationRefused as refused:
                fault = str(refused)
        act_told = replace(found, label=_(found.label), text=_(found.text))
        context = {
            **self.admin_site.each_context(request),
            **{"title": f"{act_told.label}: {row}", "opts": self.opts, "original": row, "act": act_told},
            **{"fault": fault, "page": page, "reason": request.POST.get("reason", ""), "name": capfirst(str(row))},
        }
        return TemplateResponse(request, "admin/act.html", context, status=422 if fault else 200)
