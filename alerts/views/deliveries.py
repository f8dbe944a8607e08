"""What channels were told: history, what waits, what was given up, and sending it again."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from alerts.analysis.notices import NoticeKind, kind_word
from alerts.channels.wording import plain_text
from alerts.models import AlertDelivery, AlertDeliveryStatus
from alerts.reads import deliveries as reads
from alerts.reads.channels import names
from alerts.services.outbox import requeue
from alerts.views.channel_signs import DELIVERY_SIGNS, delivery_sign, headline_of, notice_of
from monitoring import wording
from monitoring.presentation import FilterChip, FilterChoice, Link
from monitoring.templatetags.components import changed_query
from monitoring.views.csv import csv_response

HEAD = (
    *("at", "kind", "notice", "channel", "status", "tries", "last_try_at", "sent_at", "answer", "error"),
    *("incident", "id"),
)
PARAMS = ("channel", "status", "kind", "incident")
MAX_VALUE = 100


@team_page(Permission.VIEW_FIGURES)
@require_safe
def alert_deliveries(request: TeamRequest) -> HttpResponseBase:
    """The list, or with `format=csv` all its rows."""
    chosen, team_id = chosen_of(request.GET), request.team.id
    if request.GET.get("format") == "csv":
        return csv_response("alert-deliveries.csv", HEAD, [_cells(one) for one in reads.exported(team_id, chosen)])
    found = reads.page(team_id, chosen, request.GET.get("after", ""))
    channels = names(team_id)
    context = {
        "rows": [(one, delivery_sign(one), headline_of(one)) for one in found.rows],
        "next_href": changed_query(request.GET, after=found.next) if found.next else "",
        "statuses": _statuses(request.GET, chosen),
        "chips": _chips(request.GET, chosen, dict(channels)),
        "clear_href": "?",
        "choices": [
            FilterChoice("channel", _("Channel"), channels),
            FilterChoice("kind", _("Notice"), [(one.value, kind_word(one)) for one in NoticeKind]),
        ],
        "is_filtered": chosen.is_filtered,
        "may_manage": request.membership.allows(Permission.MANAGE_ALERTS),
        "given_up": reads.count_given_up(team_id, chosen),
        "told": [(name, getattr(chosen, name)) for name in PARAMS if getattr(chosen, name)],
    }
    return TemplateResponse(request, "alerts/deliveries/deliveries.html", context)


@team_page(Permission.VIEW_FIGURES)
@require_safe
def alert_delivery(request: TeamRequest, delivery: UUID) -> HttpResponseBase:
    """One delivery: the notice, and what became of it. The link that acknowledges is for who was sent it."""
    one = _open(request, delivery)
    notice = notice_of(one)
    context = {
        "one": one,
        "sign": delivery_sign(one),
        "headline": headline_of(one),
        "text": plain_text(replace(notice, acknowledge_url="")) if notice else "",
        "incident_href": notice.incident_url if notice else "",
        "due_at": reads.due_at(one.id),
        "kind": kind_word(one.kind),
        "may_manage": request.membership.allows(Permission.MANAGE_ALERTS),
    }
    return TemplateResponse(request, "alerts/deliveries/delivery.html", context)


@team_page(Permission.MANAGE_ALERTS)
@require_POST
def send_delivery_again(request: TeamRequest, delivery: UUID) -> HttpResponseBase:
    """Sends one once more, within seconds."""
    one = _open(request, delivery)
    if requeue(request.team.id, [one], timezone.now()):
        messages.success(request, _("It is sent again within seconds."))
    else:
        messages.error(request, _("It waits to be sent already."))
    return HttpResponseRedirect(reverse("alert_delivery", args=[request.team.slug, one.id]))


@team_page(Permission.MANAGE_ALERTS)
@require_POST
def send_all_again(request: TeamRequest) -> HttpResponseBase:
    """Sends those once more that were given up and that the filters find."""
    chosen = chosen_of(request.POST)
    count = requeue(request.team.id, reads.given_up(request.team.id, chosen), timezone.now())
    said = ngettext("{count} is sent again within seconds.", "{count} are sent again within seconds.", count)
    messages.success(request, said.format(count=wording.count(count)))
    told = urlencode({name: getattr(chosen, name) for name in PARAMS if getattr(chosen, name) and name != "status"})
    return HttpResponseRedirect(reverse("alert_deliveries", args=[request.team.slug]) + (f"?{told}" if told else ""))


def chosen_of(query: QueryDict) -> reads.Chosen:
    """The filters of the address."""
    return reads.Chosen(**{name: query.get(name, "").replace("\x00", "")[:MAX_VALUE] for name in PARAMS})


def _open(request: TeamRequest, delivery_id: UUID) -> AlertDelivery:
    one = reads.find(request.team.id, delivery_id)
    if one is None:
        raise Http404("No such delivery. They are kept for 30 days.")
    return one


def _statuses(query: QueryDict, chosen: reads.Chosen) -> list[Link]:
    all_of_them = Link(_("All"), changed_query(query, status=None, after=None) or "?", not chosen.status)
    return [
        all_of_them,
        *(
            Link(sign.word, changed_query(query, status=status.value, after=None), chosen.status == status)
            for status, sign in DELIVERY_SIGNS.items()
        ),
    ]


def _chips(query: QueryDict, chosen: reads.Chosen, channels: dict[str, str]) -> list[FilterChip]:
    told = {
        "channel": (_("Channel"), channels.get(chosen.channel, chosen.channel)),
        "kind": (_("Notice"), kind_word(chosen.kind)),
        "incident": (_("Incident"), chosen.incident),
    }
    return [
        FilterChip(title, value, changed_query(query, **{name: None, "after": None}) or "?")
        for name, (title, value) in told.items()
        if value
    ]


def _cells(one: AlertDelivery) -> tuple[Any, ...]:
    times = [at.isoformat() if at else None for at in (one.tried_at, one.sent_at)]
    status = str(AlertDeliveryStatus(one.status).label)
    return (
        *(one.created_at.isoformat(), one.kind, headline_of(one), one.channel.name, status, one.tries),
        *(times[0], times[1], one.answer_status, one.last_error, one.incident_id, one.id),
    )
