"""The API keys of a team: made with scopes, shown once, replaced with an overlap, revoked."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import TeamRequest, team_page
from accounts.csv_file import csv_response
from accounts.models import ApiKey, Scope
from accounts.permissions import Permission
from accounts.ports import source_kinds
from accounts.reads.keys import asked_by_day, find_key, keys_of
from accounts.services.keys import (
    Issued,
    KeyLimits,
    KeyRefused,
    WantedKey,
    add_key,
    limit_key,
    revoke_key_of,
    rotate_key,
    scopes_to_give,
)

HEAD = (
    *("name", "prefix", "state", "scopes", "may_report_by", "stands_for", "made_by", "created_at", "expires_at"),
    *("last_used_at", "id", "requests_per_second", "burst"),
)
DAY_HEAD = ("day_utc", "reading_requests", "refused_requests")
SHOWN_DAYS = timedelta(days=31)
DAYS = (
    (0, gettext_noop("Never")),
    (30, gettext_noop("In 30 days")),
    (90, gettext_noop("In 90 days")),
    (365, gettext_noop("In a year")),
)


@team_page(Permission.MANAGE_KEYS)
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: TeamRequest) -> HttpResponseBase:
    """The list with the form of a new key, or with `format=csv` its rows; a POST makes a key and shows it once."""
    if request.method == "POST":
        try:
            issued = add_key(
                team_id=request.team.id,
                wanted=_wanted(request),
                allowed=scopes_to_give(request.membership.role),
                known_kinds=[value for value, _label in source_kinds()],
                by=request.user,
                now=timezone.now(),
            )
        except KeyRefused as refused:
            return _page(request, refused.reasons)
        return _page(request, issued=issued)
    if request.GET.get("format") == "csv":
        return csv_response("api-keys.csv", HEAD, [one.cells() for one in keys_of(request.team.id, timezone.now())])
    return _page(request)


@team_page(Permission.MANAGE_KEYS)
@require_http_methods(["GET", "HEAD", "POST"])
def key(request: TeamRequest, key: UUID) -> HttpResponseBase:
    """One key: what it may, its limits, what it asked day by day, also as CSV; a POST sets its limits."""
    reasons: dict[str, str] = {}
    if request.method == "POST":
        try:
            limit_key(team_id=request.team.id, key_id=key, limits=_limits(request))
        except ApiKey.DoesNotExist:
            raise Http404("No such key.") from None
        except KeyRefused as refused:
            reasons = refused.reasons
        else:
            messages.success(request, _("Limits saved. They count within seconds."))
            return HttpResponseRedirect(request.path)
    one = find_key(request.team.id, key, now := timezone.now())
    if one is None:
        raise Http404("No such key.")
    days = asked_by_day(request.team.id, key, (now - SHOWN_DAYS).astimezone(UTC).date())
    if request.GET.get("format") == "csv":
        rows = [(day.isoformat(), asked.reads, asked.refused) for day, asked in days]
        return csv_response(f"key-{one.key.prefix}.csv", DAY_HEAD, rows)
    context = {"one": one, "days": days, "reasons": reasons, "told": request.POST}
    return TemplateResponse(request, "settings/key.html", context, status=422 if reasons else 200)


@team_page(Permission.MANAGE_KEYS)
@require_POST
def rotate(request: TeamRequest, key: UUID) -> HttpResponseBase:
    """Makes a key like this one, which ends in some hours."""
    _own_scopes(request, key)
    hours = request.POST.get("hours", "")
    try:
        told = int(hours) if hours.isdecimal() and len(hours) < 6 else -1
        issued = rotate_key(team_id=request.team.id, key_id=key, hours=told, by=request.user, now=timezone.now())
    except ApiKey.DoesNotExist:
        raise Http404("No such key.") from None
    except KeyRefused as refused:
        return _page(request, refused.reasons)
    return _page(request, issued=issued)


@team_page(Permission.MANAGE_KEYS)
@require_POST
def revoke(request: TeamRequest, key: UUID) -> HttpResponseBase:
    """Makes a key unusable at once."""
    if not revoke_key_of(team_id=request.team.id, key_id=key, now=timezone.now()):
        raise Http404("No such key.")
    messages.success(request, _("The key is revoked: whoever uses it is refused from now on."))
    return HttpResponseRedirect(reverse("keys", args=[request.team.slug]))


def _own_scopes(request: TeamRequest, key: UUID) -> None:
    """A new text of a key is as good as a new key: nobody gets one that may do more than they. Raises `Http404`."""
    found = ApiKey.objects.filter(team_id=request.team.id, id=key).first()
    beyond = found is None or set(found.scopes) - set(scopes_to_give(request.membership.role))
    if found is None or beyond or found.member_id not in (None, request.user.id):
        raise Http404("No such key, or one that may do more than you.")


def _wanted(request: TeamRequest) -> WantedKey:
    days, expires_at = request.POST.get("days", "0"), None
    if days.isdecimal() and 0 < int(days[:5]) <= 3650:
        expires_at = datetime.now(UTC) + timedelta(days=int(days[:5]))
    return WantedKey(
        request.POST.get("name", "").replace("\x00", ""),
        request.POST.getlist("scope")[:20],
        request.POST.getlist("kind")[:50],
        expires_at,
        request.user if request.POST.get("personal") else None,
        _limits(request),
    )


def _limits(request: TeamRequest) -> KeyLimits:
    """The limits of the form; what is no number is more than any key may have, and refused so."""
    told = [request.POST.get(name, "").strip() for name in ("requests_per_second", "burst")]
    rate, burst = (int(one) if one.isdecimal() and len(one) < 9 else 10**9 if one else 0 for one in told)
    return KeyLimits(rate, burst)


def _page(
    request: TeamRequest, reasons: dict[str, str] | None = None, *, issued: Issued | None = None
) -> HttpResponseBase:
    given = scopes_to_give(request.membership.role)
    told = request.POST if reasons else QueryDict()
    rows = keys_of(request.team.id, timezone.now())
    context = {
        "rows": [(one, set(one.key.scopes) <= set(given)) for one in rows],
        "ending": [one for one in rows if one.is_to_replace],
        "scopes": [(one.value, one.label, one in told.getlist("scope")) for one in Scope if one in given],
        "kinds": [(value, _(label), value in told.getlist("kind")) for value, label in source_kinds()],
        "days": [(value, _(label), str(value) == told.get("days")) for value, label in DAYS],
        "is_personal": bool(told.get("personal")),
        "reasons": reasons,
        "issued": issued,
        "told_name": told.get("name", ""),
        "told_rate": told.get("requests_per_second", ""),
        "told_burst": told.get("burst", ""),
    }
    return TemplateResponse(request, "settings/keys.html", context, status=422 if reasons else 200)
