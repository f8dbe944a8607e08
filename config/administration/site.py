"""The site of the administration: its first page, what was given up, and who acts there."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.acting import set_user

# Whose models are shown. Sign-in packages would show secrets and tokens.
APPS = frozenset({"accounts", "monitoring", "ingestion", "alerts", "billing", "auth"})
RECENT = 10
MAX_TEXT = 60


class InstallationSite(admin.AdminSite):
    """Django's own, with a page that says how the installation is, and with every change told to be by whom."""

    site_header = site_title = gettext_lazy("Steadyrun administration")
    index_title = gettext_lazy("Administration")
    index_template = "admin/dashboard.html"
    empty_value_display = "–"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Takes models of our apps; those of others are not shown."""
        models: list[Any] = [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        if own := [one for one in models if one._meta.app_label in APPS]:
            super().register(own, admin_class, **options)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Says who acts to everything that is recorded while the view runs."""

        def acting(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            set_user(request.user)
            return view(request, *args, **kwargs)

        acting.csrf_exempt = getattr(view, "csrf_exempt", False)  # type: ignore[attr-defined]
        return super().admin_view(acting, cacheable)

    def check(self, app_configs: Any) -> list[Any]:
        """System checks of what the apps bring, whoever asks first."""
        admin.autodiscover()
        return super().check(app_configs)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """With the page of what was given up."""
        own = path("given-up/", self.admin_view(self.given_up), name="given_up")
        return [own, *super().get_urls()]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """How the installation is: queues, what was given up, sizes, versions, settings, and all lists.

        With `format=csv` all of it but the lists, a line each.
        """
        from config.administration import files

        if request.GET.get("format") == "csv":
            with translation.override(settings.LANGUAGE_CODE):
                return files.board(_board(request))
        return super().index(request, {**_board(request), **(extra_context or {})})

    def given_up(self, request: HttpRequest) -> HttpResponseBase:
        """What was given up, by team, with the way to try it again; with `format=csv` its rows."""
        from config.administration import files
        from config.administration import given_up as reads

        if not _sees_teams(request):
            raise PermissionDenied
        q = request.GET.get("q", "")[:MAX_TEXT]
        teams, is_cut = reads.read_teams(q)
        if request.GET.get("format") == "csv":
            return files.given_up([one for one in teams if one.total])
        context = {
            **self.each_context(request),
            "title": _("Given up"),
            "q": q,
            "kinds": [one.spoken() for one in reads.KINDS],
            "rows": [one for one in teams if one.total],
            "looked_at": len(teams),
            "is_cut": is_cut,
            "mails": reads.read_mails(),
        }
        return TemplateResponse(request, "admin/given_up.html", context)


def _board(request: HttpRequest) -> dict[str, Any]:
    """What the first page says, in the language of who reads."""
    from config.administration import given_up as reads
    from config.administration import installation, queues

    now = timezone.now()
    waiting = queues.read_queues(now)
    teams, is_cut = reads.read_teams() if _sees_teams(request) else ([], False)
    return {
        "counts": installation.read_counts(now),
        "facts": installation.read_facts(now),
        "outgoing": [(about.spoken(), word, on) for about, word, on in installation.read_outgoing()],
        "queues": [one.spoken() for one in waiting],
        "late": sum(one.is_late for one in waiting),
        "totals": _totals(teams),
        "is_cut": is_cut,
        "mails": reads.read_mails(),
        "runs": sorted((one for one in teams if one.retention_at), key=_by_retention, reverse=True)[:RECENT],
        "now": now,
    }


def _sees_teams(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("accounts.view_team"))


def _totals(teams: Any) -> list[tuple[str, int]]:
    """How many of each kind all these teams have together."""
    totals: dict[str, int] = {}
    for team in teams:
        for cell in team.cells:
            totals[cell.label] = totals.get(cell.label, 0) + cell.count
    return [(_(label), count) for label, count in totals.items()]


def _by_retention(one: Any) -> Any:
    return one.retention_at
