"""The deliveries of a webhook source: what each became, what it held, and processing them again."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.audit import record
from accounts.models import Team
from accounts.permissions import Permission
from ingestion.acceptance import ReportsRefused, StorageUnavailable
from ingestion.models import Delivery, DeliveryOutcome, Source
from ingestion.reads import deliveries as reads
from ingestion.reads.sources import SourceFacts
from ingestion.services import deliveries as services
from ingestion.sources import info_of
from ingestion.tasks import process_deliveries_again
from ingestion.views.source_frame import frame, is_hook, open_source, source_href
from monitoring import wording
from monitoring.presentation import FilterChip, Link
from monitoring.templatetags.components import Sign
from monitoring.views.csv import csv_response

MAX_TEXT = 200
SIGNS = {
    DeliveryOutcome.STORED: Sign("ok", gettext_noop("Stored"), "ok"),
    DeliveryOutcome.DUPLICATE: Sign("copy", gettext_noop("Known already"), "idle"),
    DeliveryOutcome.IGNORED: Sign("skip", gettext_noop("Ignored"), "idle"),
    DeliveryOutcome.REJECTED: Sign("fail", gettext_noop("Rejected"), "fail"),
}
_PROCESSED = {
    DeliveryOutcome.STORED: gettext_noop("Processed again: stored."),
    DeliveryOutcome.DUPLICATE: gettext_noop("Processed again: known already."),
    DeliveryOutcome.IGNORED: gettext_noop("Processed again: ignored."),
    DeliveryOutcome.REJECTED: gettext_noop("Processed again: rejected."),
}
_HEAD = ("received_at", "event", "delivery", "outcome", "executions", "reasons", "bytes", "processed_at")


def open_hook(request: TeamRequest, source_id: UUID) -> SourceFacts:
    """The webhook source in the address. Raises `Http404`, also for a source of another kind."""
    facts = open_source(request, source_id)
    if not is_hook(facts):
        raise Http404("Only webhooks have deliveries.")
    return facts


@team_page(Permission.VIEW_PAYLOADS)
@require_safe
def deliveries(request: TeamRequest, source: UUID) -> HttpResponseBase:
    """The kept deliveries: by outcome and by text, the latest first."""
    facts, told = open_hook(request, source), request.GET
    outcome = told.get("outcome", "")
    outcome = outcome if outcome in DeliveryOutcome.values else ""
    text = told.get("q", "").replace("\0", "").strip()[:MAX_TEXT]
    if told.get("format") == "csv":
        rows = reads.listed(facts.id, outcome=outcome, text=text, limit=reads.MAX_EXPORTED)
        return csv_response("deliveries.csv", _HEAD, [_cells(one) for one in rows])
    found = reads.listed(
        facts.id, outcome=outcome, text=text, before=_place(told.get("after")), limit=reads.PAGE_SIZE + 1
    )
    shown = found[: reads.PAGE_SIZE]
    counts = reads.counted(facts.id)
    here = source_href(request.team, facts.id, "source_deliveries")
    context = {
        **frame(request, facts, "source_deliveries", timezone.now()),
        "rows": [(one, SIGNS[DeliveryOutcome(one.outcome)]) for one in shown],
        "outcomes": _outcomes(here, counts, outcome),
        "chips": [FilterChip(_("Search"), text, _address(here, outcome=outcome))] if text else [],
        "clear_href": here,
        "next_href": _address(here, outcome=outcome, q=text, after=_mark(shown[-1])) if len(found) > len(shown) else "",
        "kept": sum(counts.values()),
        "is_filtered": bool(outcome or text),
        "may_process": request.membership.allows(Permission.MANAGE_WORKFLOWS),
    }
    return TemplateResponse(request, "sources/deliveries.html", context)


@team_page(Permission.VIEW_PAYLOADS)
@require_safe
def delivery(request: TeamRequest, source: UUID, delivery: UUID) -> HttpResponseBase:
    """One delivery: its redacted headers and body, and what it became."""
    facts = open_hook(request, source)
    found = _open(facts, delivery)
    record("payload.viewed", ("delivery", found.id, facts.name))
    context = {
        **frame(request, facts, "source_deliveries", timezone.now()),
        "delivery": found,
        "outcome": SIGNS[DeliveryOutcome(found.outcome)],
        "headers": sorted(found.headers.items()),
        "body": pretty(services.body_of(found)),
        "executions": [(one, executions_href(request.team, one)) for one in found.executions],
        "may_process": request.membership.allows(Permission.MANAGE_WORKFLOWS),
    }
    return TemplateResponse(request, "sources/delivery.html", context)


@team_page(Permission.MANAGE_WORKFLOWS)
@require_POST
def process_again(request: TeamRequest, source: UUID, delivery: UUID) -> HttpResponseBase:
    """Reads one delivery again."""
    facts = open_hook(request, source)
    found = _open(facts, delivery)
    info = info_of(Source.objects.get(id=facts.id))
    try:
        (outcome,) = services.process_again(info, [found], timezone.now())
    except (StorageUnavailable, ReportsRefused) as error:
        messages.error(
            request, _("Not processed: {reason}. Nothing was stored; try again.").format(reason=_(str(error)))
        )
    else:
        messages.success(request, _(_PROCESSED[DeliveryOutcome(outcome)]))
    return HttpResponseRedirect(reverse("source_delivery", args=[request.team.slug, facts.id, found.id]))


@team_page(Permission.MANAGE_WORKFLOWS)
@require_POST
def process_all_again(request: TeamRequest, source: UUID) -> HttpResponseBase:
    """Has all kept deliveries read again, by the worker."""
    facts, now = open_hook(request, source), timezone.now()
    about = (str(request.team.id), str(facts.id), now.isoformat())
    transaction.on_commit(lambda: process_deliveries_again.delay(*about))
    count = sum(reads.counted(facts.id).values())
    told = _("Processing {count} deliveries again. Reload to see what they became.")
    messages.success(request, told.format(count=wording.count(count)))
    return HttpResponseRedirect(source_href(request.team, facts.id, "source_deliveries"))


def executions_href(team: Team, external_id: str) -> str:
    """The search for an execution by the sender's id, in the time for which deliveries are kept and before."""
    return f"{reverse('executions', args=[team.slug])}{query(q=external_id, **{'from': 'now-90d'})}"


def pretty(value: Any) -> str:
    """A JSON value with indents."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def query(**params: str) -> str:
    """Parameters as a query, empty ones left out."""
    told = {name: value for name, value in params.items() if value}
    return f"?{urlencode(told)}" if told else ""


def _open(facts: SourceFacts, delivery_id: UUID) -> Delivery:
    found = reads.one(facts.id, delivery_id)
    if found is None:
        raise Http404("No such delivery. They are kept for 7 days.")
    return found


def _address(here: str, **params: str) -> str:
    return here + query(**params)


def _outcomes(here: str, counts: dict[str, int], current: str) -> list[Link]:
    links = [Link(_("All {count}").format(count=wording.count(sum(counts.values()))), here, not current)]
    for one, sign in SIGNS.items():
        text = f"{sign.word} {wording.count(counts.get(one.value, 0))}"
        links.append(Link(text, _address(here, outcome=one.value), one.value == current))
    return links


def _mark(last: Delivery) -> str:
    return f"{last.received_at.isoformat()}_{last.id}"


def _place(after: str | None) -> tuple[datetime, UUID] | None:
    """The place in the list that a cursor tells; anything else begins at the top."""
    at, _sign, last = (after or "").partition("_")
    try:
        moment = datetime.fromisoformat(at)
        return (moment, UUID(last)) if moment.tzinfo else None
    except ValueError:
        return None


def _cells(one: Delivery) -> tuple[Any, ...]:
    reasons = "; ".join(f"{reason['field']} {reason['reason']}" for reason in one.reasons)
    return (
        one.received_at.isoformat(),
        one.event,
        one.external_id,
        one.outcome,
        " ".join(one.executions),
        reasons,
        one.body_bytes,
        one.processed_at.isoformat(),
    )
