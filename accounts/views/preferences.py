"""What a user chose for themselves."""

import zoneinfo

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.access import SignedInRequest
from accounts.locales import OFFERED
from accounts.models import User


@login_required
@require_POST
def set_time_zone(request: SignedInRequest) -> HttpResponse:
    """Keeps the zone (`zone`, an IANA name) and goes back to `next`. An unknown zone changes nothing."""
    zone = request.POST.get("zone", "")
    if zone in zoneinfo.available_timezones():
        User.objects.filter(pk=request.user.pk).update(time_zone=zone)
    return _back(request)


@login_required
@require_POST
def set_formats(request: SignedInRequest) -> HttpResponse:
    """Keeps the locale of `formats` (empty: what the browser says) and goes back to `next`. Others change nothing."""
    formats = request.POST.get("formats")
    if formats in ("", *OFFERED):
        User.objects.filter(pk=request.user.pk).update(formats=formats)
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/"
    return HttpResponseRedirect(target)


@login_required
@require_POST
def set_single_keys(request: SignedInRequest) -> HttpResponse:
    """Switches single keys on (`on`) or, without it, off."""
    User.objects.filter(pk=request.user.pk).update(single_keys=request.POST.get("on") == "on")
    return HttpResponse(status=204)
