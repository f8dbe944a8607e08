"""Writes figures and times on pages in the formats of who reads them."""

from collections.abc import Callable
from functools import lru_cache

from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation.trans_real import parse_accept_lang_header

from accounts.formats import NEUTRAL, Formats, using
from accounts.languages import is_for_programs
from accounts.locales import OFFERED, formats_of, offered_for


@lru_cache(maxsize=1024)
def accepted_formats(accepted: str) -> str:
    """The offered locale that a browser wants most, by its `Accept-Language`."""
    return offered_for(tuple(tag for tag, _quality in parse_accept_lang_header(accepted)))


def formats_for(request: HttpRequest) -> Formats:
    """The formats of this request: what its user chose, else what the browser says; neutral for machines."""
    if is_for_programs(request):
        return NEUTRAL
    chosen = getattr(request.user, "formats", "")
    code = chosen if chosen in OFFERED else accepted_formats(request.headers.get("accept-language", "")[:200])
    return formats_of(code, get_language() or "en")


class FormatsMiddleware:
    """Puts the reader's formats in force for the length of a request; stands behind that of the language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers the request in the reader's formats. A file that is sent row by row is written after it: neutral."""
        with using(formats_for(request)):
            response = self.get_response(request)
        if not getattr(request.user, "formats", ""):
            patch_vary_headers(response, ("Accept-Language",))
        return response
