"""Shows times in the zone that the signed-in user chose."""

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone


def zone_named(name: str) -> zoneinfo.ZoneInfo:
    """The zone of this name, UTC for a name that is none. `ZoneInfo` keeps the zones it has read."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return zoneinfo.ZoneInfo("UTC")


class TimeZoneMiddleware:
    """Puts the user's time zone in force for the length of a request; UTC for everybody else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers the request in the user's zone. API calls carry no session and stay in UTC."""
        if request.path_info.startswith(settings.PROGRAM_PREFIXES):
            return self.get_response(request)
        with timezone.override(zone_named(getattr(request.user, "time_zone", "UTC") or "UTC")):
            return self.get_response(request)
