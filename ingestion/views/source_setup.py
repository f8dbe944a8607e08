"""Adding a source and setting its client up: choose, name, paste, wait for the first report."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from ingestion.kinds import KINDS, SourceKind
from ingestion.reads import ledger
from ingestion.reads.source_details import refused
from ingestion.reads.sources import SourceFacts, find, first_execution
from ingestion.services.sources import create_source, report_address, takes_secret
from ingestion.snippets import CLIENTS, YOUR_KEY, YOUR_SECRET, Client, clients_of, fill, spoken_groups
from ingestion.views.source_forms import AddForm, errors_of, initial_for
from ingestion.views.source_frame import frame, open_source
from monitoring.presentation import Link

YOUR_ADDRESS = "<address of the source>"


@team_page(Permission.MANAGE_KEYS)
@require_safe
def choose(request: TeamRequest) -> HttpResponseBase:
    """What can report, as cards."""
    return TemplateResponse(request, "sources/choose.html", {"groups": spoken_groups().items()})


@team_page(Permission.MANAGE_KEYS)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: TeamRequest, client: str) -> HttpResponseBase:
    """The form of a new source; posted, the one page that shows its key and secret."""
    chosen = CLIENTS.get(client)
    if chosen is None:
        raise Http404("No such client.")
    form = AddForm(request.POST or None, kind=chosen.kind, initial=initial_for(chosen.label))
    if request.method == "POST" and form.is_valid():
        return _added(request, chosen, form)
    context = {
        "client": chosen.spoken(),
        "kind": KINDS[chosen.kind].spoken(),
        "takes_secret": takes_secret(chosen.kind),
        "form": form,
        "errors": errors_of(form) if request.method == "POST" else [],
    }
    return TemplateResponse(request, "sources/add.html", context, status=422 if request.method == "POST" else 200)


def _added(request: TeamRequest, client: Client, form: AddForm) -> HttpResponseBase:
    """Key and secret are in this answer and nowhere else: so it is no redirect."""
    secret = form.secret_to_set if takes_secret(client.kind) else None
    made = create_source(
        team=request.team, kind=client.kind, user=request.user, secret=secret, **_columns(client.kind, form)
    )
    facts = find(request.team.id, made.source.id)
    assert facts is not None
    secret = None if form.has_public_key else secret
    context = {
        **frame(request, facts, "source_setup", timezone.now()),
        "client": client.spoken(),
        "key": made.key,
        "secret": secret,
        "address": made.address,
        "snippets": _filled(client, made.address, made.key or YOUR_KEY, secret or YOUR_SECRET),
        **waiting_context(request, facts),
    }
    return TemplateResponse(request, "sources/added.html", context)


def _columns(kind: SourceKind, form: AddForm) -> dict[str, Any]:
    columns = form.columns
    if kind == SourceKind.PING:
        columns["workflow"] = columns["workflow"] or columns["name"]
    return columns


@team_page(Permission.VIEW_FIGURES)
@require_safe
def setup(request: TeamRequest, source: UUID) -> HttpResponseBase:
    """What to paste, again; key and secret are left to fill in."""
    facts = open_source(request, source)
    context = {
        **frame(request, facts, "source_setup", timezone.now()),
        **setup_context(request, facts),
        **waiting_context(request, facts),
    }
    return TemplateResponse(request, "sources/setup.html", context)


def setup_context(request: TeamRequest, facts: SourceFacts) -> dict[str, Any]:
    """The clients of this kind of source and what to paste for the one chosen with `client`."""
    clients = clients_of(facts.kind)
    chosen = next((one for one in clients if one.slug == request.GET.get("client")), clients[0])
    may_manage = request.membership.allows(Permission.MANAGE_KEYS)
    address = report_address(facts.kind, facts.address) if may_manage or not facts.address else YOUR_ADDRESS
    links = [Link(_(one.label), f"?client={one.slug}", one == chosen) for one in clients]
    return {
        "client": chosen.spoken(),
        "clients": links if len(links) > 1 else [],
        "address": address,
        "snippets": _filled(chosen, address, YOUR_KEY, YOUR_SECRET),
    }


def _filled(client: Client, address: str, key: str, secret: str) -> list[dict[str, str]]:
    return [
        {
            "id": f"snippet-{number}",
            "where": _(one.where),
            "text": fill(one.text, base=settings.BASE_URL, address=address, key=key, secret=secret),
        }
        for number, one in enumerate(client.snippets)
    ]


@team_page(Permission.VIEW_FIGURES)
@never_cache
@require_safe
def waiting(request: TeamRequest, source: UUID) -> HttpResponseBase:
    """The part of a page that waits for the first report; 204 while nothing has changed."""
    facts = open_source(request, source)
    context = waiting_context(request, facts)
    if not facts.first_report_at and request.GET.get("refused") == str(context["refused_count"]):
        return HttpResponse(status=204)
    return TemplateResponse(request, "sources/_waiting.html", {"source": facts, "team": request.team, **context})


def waiting_context(request: HttpRequest, facts: SourceFacts) -> dict[str, Any]:
    """Whether the first report came, which execution it told, or why it was refused."""
    team_id = request.team.id  # type: ignore[attr-defined]
    counts = None if facts.first_report_at else ledger.all_time(team_id, facts.id)
    latest = refused(team_id, facts.id, 1) if counts and counts.refused else []
    return {
        "first_execution": first_execution(team_id, facts),
        "refused_count": counts.refused if counts else 0,
        "refused_latest": latest[0].reason if latest else "",
    }
