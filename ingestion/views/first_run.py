"""The first run: a key by one button, what to paste for each client, and waiting for the first execution."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.models import Scope
from accounts.permissions import Permission
from accounts.services.keys import KeyRefused, WantedKey, add_key, scopes_to_give
from ingestion.kinds import KINDS, SourceKind
from ingestion.reads.first_run import key_makers, read_waiting
from ingestion.services.sources import NewSource, create_source, takes_secret
from ingestion.snippets import CLIENTS, YOUR_KEY, YOUR_SECRET, Client, fill
from ingestion.snippets.first import FIRST
from ingestion.views.sample import sample_context
from ingestion.views.source_forms import make_secret
from ingestion.views.source_setup import YOUR_ADDRESS

KEY_NAME = "First key"


@dataclass(frozen=True, slots=True)
class Made:
    """What a button has just made, shown this once: a key for all clients that use one, or the address of one."""

    client: Client
    key: str = ""
    address: str = ""
    secret: str = ""


@team_page(Permission.VIEW_FIGURES)
@never_cache
@require_safe
def start(request: TeamRequest) -> HttpResponseBase:
    """The page, before anything is made."""
    return _page(request)


@team_page(Permission.MANAGE_KEYS)
@never_cache
@require_POST
def start_key(request: TeamRequest) -> HttpResponseBase:
    """Makes a key, or for a client with an address of its own that address, and shows it: so it is no redirect."""
    client = CLIENTS.get(request.POST.get("client", ""))
    if client is None or client.slug not in FIRST:
        raise Http404("No such client.")
    if KINDS[client.kind].has_address:
        return _page(request, _make_source(request, client))
    try:
        issued = add_key(
            team_id=request.team.id,
            wanted=WantedKey(KEY_NAME, [Scope.INGEST]),
            allowed=scopes_to_give(request.membership.role),
            known_kinds=(),
            by=request.user,
            now=timezone.now(),
        )
    except KeyRefused as refused:
        return _page(request, reasons=refused.reasons)
    return _page(request, Made(client, key=issued.text))


@team_page(Permission.VIEW_FIGURES)
@never_cache
@require_safe
def start_waiting(request: TeamRequest) -> HttpResponseBase:
    """The part that waits: 204 while nothing is new; with the first execution it leads the page to its replay."""
    found = read_waiting(request.team.id, timezone.now())
    if found.first_execution is not None:
        return HttpResponse(headers={"HX-Redirect": _replay(request, found.first_execution)})
    if request.GET.get("seen", "") == found.seen:
        return HttpResponse(status=204)
    return TemplateResponse(request, "start/_waiting.html", {"team": request.team, "waiting": found})


def _replay(request: TeamRequest, execution: UUID) -> str:
    return reverse("replay", args=[request.team.slug, execution])


def _make_source(request: TeamRequest, client: Client) -> Made:
    secret = make_secret(client.kind) if takes_secret(client.kind) else None
    fields = {"workflow": client.label} if client.kind == SourceKind.PING else {}
    made: NewSource = create_source(
        team=request.team, kind=client.kind, name=client.label, user=request.user, secret=secret, **fields
    )
    return Made(client, address=made.address, secret=secret or "")


def _page(request: TeamRequest, made: Made | None = None, reasons: dict[str, str] | None = None) -> HttpResponseBase:
    may_make = request.membership.allows(Permission.MANAGE_KEYS)
    found = read_waiting(request.team.id, timezone.now())
    context = {
        "made": made,
        "reasons": reasons,
        "may_make": may_make,
        "makers": [] if may_make else key_makers(request.team.id),
        "panels": [_panel(CLIENTS[slug], label, made) for slug, label in FIRST.items()],
        "waiting": found,
        **sample_context(request),
        "first_href": _replay(request, found.first_execution) if found.first_execution else "",
    }
    return TemplateResponse(request, "start/start.html", context, status=422 if reasons else 200)


def _panel(client: Client, label: str, made: Made | None) -> dict[str, Any]:
    """What one tab shows: its texts with what was just made put in, else with signs of what goes there."""
    has_address = KINDS[client.kind].has_address
    mine = made if made is not None and made.client == client else None
    told = {
        "address": mine.address if mine and mine.address else YOUR_ADDRESS,
        "key": made.key if made is not None and made.key else YOUR_KEY,
        "secret": mine.secret if mine and mine.secret else YOUR_SECRET,
    }
    texts = [
        {
            "id": f"{client.slug}-{number}",
            "where": _(one.where),
            "text": fill(one.text, base=settings.BASE_URL, **told),
        }
        for number, one in enumerate(client.snippets)
    ]
    is_filled = bool(mine and mine.address) if has_address else bool(made and made.key)
    return {
        "client": client.spoken(),
        "label": _(label),
        "texts": texts,
        "has_address": has_address,
        "is_filled": is_filled,
        "address": mine.address if mine else "",
        "secret": mine.secret if mine else "",
    }
