"""Headers that every answer carries, pages, API and files alike, whatever made it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

# For answers that are no pages: nothing in them may run or load. Pages bring the policy of the settings.
NO_CONTENT = "script-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# Abilities of browsers that no page here uses.
UNUSED = ("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone")
PERMISSIONS = ", ".join(f"{name}=()" for name in (*UNUSED, "midi", "payment", "serial", "usb", "xr-spatial-tracking"))


class SafeHeaders:
    """Middleware, outside of those that answer: adds what the answer does not say itself.

    Nothing is kept by browsers and proxies unless its view or WhiteNoise says for how long: pages have data of a team.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer with its headers."""
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", NO_CONTENT)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # Browsers heed it in documents alone, and a page fetches some twenty files.
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
