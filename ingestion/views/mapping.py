"""The mapping of a webhook source: edited, tried on the last deliveries while it is typed, saved once it is sound."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from ingestion.adapters.webhooks.mapping import MappingRefused
from ingestion.adapters.webhooks.recipes import RECIPES
from ingestion.kinds import SourceKind
from ingestion.models import Source
from ingestion.reads import deliveries as reads
from ingestion.reads.sources import SourceFacts
from ingestion.services.deliveries import body_of
from ingestion.services.sources import change_source
from ingestion.sources import info_of
from ingestion.views.deliveries import open_hook, pretty
from ingestion.views.mapping_form import SIGNATURES, document_of, groups_of, reasons_of, trials_of
from ingestion.views.source_frame import frame, source_href
from monitoring import wording
from monitoring.presentation import Link

MAX_BODY_SHOWN = 20_000
MAX_HEADER = 100


@team_page(Permission.MANAGE_WORKFLOWS)
@require_http_methods(["GET", "HEAD", "POST"])
def mapping(request: TeamRequest, source: UUID) -> HttpResponseBase:
    """The form; `recipe` fills it with a ready mapping. An empty one goes back to the preset."""
    facts = open_hook(request, source)
    if request.method != "POST":
        own = Source.objects.values_list("mapping", flat=True).get(id=facts.id) or {}
        recipe = RECIPES.get(request.GET.get("recipe", ""))
        return _page(request, facts, dict(recipe.mapping) if recipe else own, {})
    document = document_of(request.POST)
    reasons = reasons_of(document) if document else {}
    if reasons:
        return _page(request, facts, document, reasons)
    change_source(source_id=facts.id, mapping=document or None)
    messages.success(request, _saved(document, sum(reads.counted(facts.id).values())))
    return HttpResponseRedirect(source_href(request.team, facts.id, "source_mapping"))


@team_page(Permission.MANAGE_WORKFLOWS)
@require_POST
def try_it(request: TeamRequest, source: UUID) -> HttpResponseBase:
    """What the last deliveries would become by the mapping in the form; nothing is stored."""
    facts = open_hook(request, source)
    context = {"source": facts, **_tried(facts, document_of(request.POST))}
    return TemplateResponse(request, "sources/_tried.html", context)


@team_page(Permission.MANAGE_KEYS)
@require_POST
def signature(request: TeamRequest, source: UUID) -> HttpResponseBase:
    """Sets how deliveries are signed, and in which header."""
    facts = open_hook(request, source)
    told = {"signature": request.POST.get("signature", ""), "header": request.POST.get("header", "").strip()}
    if told["signature"] and told["signature"] not in SIGNATURES:
        messages.error(request, _("There is no signature of this name."))
    elif not _is_header(told["header"]):
        told_limit = _("A header has letters, digits and hyphens, at most {most}.")
        messages.error(request, told_limit.format(most=MAX_HEADER))
    else:
        known = Source.objects.values_list("settings", flat=True).get(id=facts.id)
        kept = {name: value for name, value in known.items() if name not in told}
        change_source(source_id=facts.id, settings={**kept, **{name: value for name, value in told.items() if value}})
        messages.success(request, _("Saved. It holds for deliveries from now on."))
    return HttpResponseRedirect(source_href(request.team, facts.id, "source_mapping"))


def _is_header(text: str) -> bool:
    return len(text) <= MAX_HEADER and text.isascii() and all(one.isalnum() or one in "-_" for one in text)


def _saved(document: dict[str, str], kept: int) -> str:
    if not kept:
        return _("Saved: deliveries are read by it within seconds.") if document else _("Mapping removed.")
    if document:
        told = _(
            "Saved: deliveries are read by it within seconds. Process the {count} kept ones again to apply it to them."
        )
    else:
        told = _("Mapping removed. Process the {count} kept ones again to apply it to them.")
    return told.format(count=wording.count(kept))


def _page(
    request: TeamRequest, facts: SourceFacts, document: dict[str, str], reasons: dict[str, str]
) -> HttpResponseBase:
    row = Source.objects.get(id=facts.id)
    name = request.GET.get("recipe", "")
    recipe = RECIPES.get(name)
    context = {
        **frame(request, facts, "source_mapping", timezone.now()),
        **_tried(facts, document, row),
        "groups": groups_of(document, reasons),
        "reasons": reasons,
        "has_mapping": bool(row.mapping),
        "has_preset": facts.kind != SourceKind.GENERIC,
        "recipes": [Link(_(one.title), f"?recipe={key}", key == name) for key, one in RECIPES.items()],
        "recipe": recipe.spoken() if recipe else None,
        "recipe_body": pretty(recipe.body) if recipe else "",
        "signatures": [(key, _(text), row.settings.get("signature") == key) for key, text in SIGNATURES.items()],
        "signature_header": row.settings.get("header", ""),
        "kept": sum(reads.counted(facts.id).values()),
    }
    return TemplateResponse(request, "sources/mapping.html", context, status=422 if reasons else 200)


def _tried(facts: SourceFacts, document: dict[str, str], row: Source | None = None) -> dict[str, Any]:
    """The trial on the last deliveries, and the latest one's body to read while writing."""
    kept = reads.latest(facts.id)
    context: dict[str, Any] = {"latest": kept[0] if kept else None}
    if kept:
        text = pretty(body_of(kept[0]))
        context["latest_body"] = text[:MAX_BODY_SHOWN] + (
            "\N{HORIZONTAL ELLIPSIS}" if len(text) > MAX_BODY_SHOWN else ""
        )
    if not document:
        return context
    try:
        context["trials"] = trials_of(document, info_of(row or Source.objects.get(id=facts.id)), kept)
    except MappingRefused as refused:
        context["faults"] = {field: _(reason) for field, reason in refused.reasons.items()}
    return context
