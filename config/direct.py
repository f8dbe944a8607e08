"""What programs send goes straight to its view: it carries no session, no form and no page."""

from collections.abc import Callable
from functools import lru_cache
from typing import cast

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponseBase
from django.urls import ResolverMatch, resolve

from accounts.problems import problem_response
from config import pause
from config.programs import INSIDE, PREFIXES

OVERLOADED = 503
Handler = Callable[[HttpRequest], HttpResponseBase]


@lru_cache(maxsize=1024)
def _resolved(path: str, _urlconf: str) -> ResolverMatch:
    """The view of a path: programs call the same few again and again. Raises `Resolver404`, which is not remembered."""
    return resolve(path)


def answer(request: HttpRequest) -> HttpResponseBase:
    """Finds and calls the view, as Django's own handler does after its middleware."""
    match = request.resolver_match = _resolved(request.path_info, settings.ROOT_URLCONF)
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    render = getattr(response, "render", None)
    response = render() if callable(render) else response
    for name, told in getattr(request, "rate_headers", {}).items():
        response.headers.setdefault(name, told)
    if response.status_code == OVERLOADED and (told := response.headers.get("Retry-After", "")).isdecimal():
        pause.ask(float(told), request.META)
    return response


class DirectApi:
    """Stands behind the security headers and spares API calls what serves pages (0.6 ms of CPU each time)."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        # A plain function goes in, so a plain function comes out, never an awaitable one.
        self.answer = cast(Handler, convert_exception_to_response(answer))

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers a program's call directly, everything else through the whole chain."""
        if not request.path_info.startswith(PREFIXES):
            return self.get_response(request)
        if settings.SECURE_SSL_REDIRECT and not request.is_secure() and not request.path_info.startswith(INSIDE):
            # Led on silently, a client would send its key in the clear each time, and nobody would notice.
            return problem_response(
                403,
                "TLS needed",
                "This address is called by https:// only. The key of this call went in the clear: replace it.",
            )
        return self.answer(request)
