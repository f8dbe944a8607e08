"""Booking the difference between a statement and what is counted: looked at first, then booked, once."""

from datetime import date
from decimal import Decimal

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import formats
from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from billing.analysis.periods import full_day_words
from billing.analysis.pricing import plain
from billing.analysis.reconciliation import Key
from billing.services.bookings import Proposal, book, propose
from billing.services.refusals import Refused
from billing.views.reconciliation import book_href, month_told, statement_href


@team_page(Permission.MANAGE_COSTS)
@require_http_methods(["GET", "HEAD", "POST"])
def book_difference(request: TeamRequest, provider: str, month: str) -> HttpResponseBase:
    """What would be booked of a `day` and `model`, or of the whole month; a POST books what was `seen`."""
    first = month_told(month)
    told = request.POST if request.method == "POST" else request.GET
    key = _key(told.get("day", ""), told.get("model", ""))
    back, found, reasons = statement_href(request.team.slug, provider, first), None, dict[str, str]()
    try:
        if request.method == "POST":
            seen, now = told.get("seen", ""), timezone.now()
            line = book(request.team.id, provider, first, key, seen=seen, by=request.user, now=now)
            words = _("Booked as an adjustment on {day}.")
            messages.success(request, words.format(day=full_day_words(line.booked_on)))
            return HttpResponseRedirect(back)
        found = propose(request.team.id, provider, first, key)
    except LookupError:
        raise Http404("No such day and model.") from None
    except Refused as refused:
        reasons = refused.reasons
    context = {
        "provider": provider,
        "month": first,
        "back_href": back,
        "day": key[0] if key else None,
        "model_key": key[1] if key else "",
        "found": found,
        "amounts": _amounts(found) if found else [],
        "reasons": reasons,
        "again_href": book_href(request.team.slug, provider, first, key),
    }
    return TemplateResponse(request, "costs/book_difference.html", context, status=422 if reasons else 200)


def _key(day: str, model: str) -> Key | None:
    """A day and model as an address names them; None for the whole month."""
    if not day:
        return None
    try:
        return date.fromisoformat(day), model.replace("\x00", "")
    except ValueError:
        raise Http404("No such day.") from None


def _amounts(found: Proposal) -> list[tuple[str, str]]:
    """What the line comes from, exactly."""
    return [
        (_("The statement says"), _usd(found.theirs)),
        (_("Counted here"), _usd(found.ours)),
        *([(_("Booked before"), _usd(found.booked))] if found.booked else []),
        (_("To be booked"), _usd(found.usd)),
    ]


def _usd(amount: Decimal) -> str:
    """All digits of an amount, at least two after the point."""
    whole, _point, part = plain(abs(amount)).partition(".")
    return formats.dollars(f"{'-' if amount < 0 else ''}{int(whole):,}.{part:0<2}")
