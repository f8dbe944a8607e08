"""Shows pages in the language of who reads them, as far as there are translations."""

import threading
from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import trans_real
from django.utils.translation.trans_real import parse_accept_lang_header
from django.utils.translation.trans_real import translation as translation_of

# Formats of answers that programs read: they are the same whoever asks.
FILES = frozenset({"csv", "json"})
# Texts of a language that a process remembers; all of the application are some 10,000.
REMEMBERED = 20_000


def is_for_programs(request: HttpRequest) -> bool:
    """Whether a program asks, or somebody for a file that programs read."""
    return request.path_info.startswith(settings.PROGRAM_PREFIXES) or request.GET.get("format") in FILES


@lru_cache(maxsize=1024)
def language_of(accepted: str) -> str:
    """The language of `settings.LANGUAGES` that a browser wants most, by its `Accept-Language`; else the default."""
    offered = {code.lower(): code for code, _name in settings.LANGUAGES}
    for wanted, _quality in parse_accept_lang_header(accepted):
        if found := offered.get(wanted) or offered.get(wanted.partition("-")[0]):
            return found
    return settings.LANGUAGE_CODE


def remember_texts(language: str) -> None:
    """Has each text of a language searched once in a process.

    A text without a translation, which is each one of English, is searched in the catalogs of all applications, one
    after the other: some 400 times a page.
    """
    spoken = translation_of(language)
    if not hasattr(spoken.gettext, "cache_info"):
        spoken.gettext = lru_cache(maxsize=REMEMBERED)(spoken.gettext)  # type: ignore[method-assign]


def keep_by_thread() -> None:
    """Has the language and the zone in force kept by thread alone, from the start of the process on.

    Django keeps them for coroutines, too, which there are none of here; a page looks them up a thousand times, and
    that took a twentieth of its time.
    """
    trans_real._active = threading.local()  # type: ignore[attr-defined]
    timezone._active = threading.local()  # type: ignore[attr-defined]


class LanguageMiddleware:
    """Puts the reader's language in force for the length of a request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        for code, _name in settings.LANGUAGES:
            remember_texts(code)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers in the reader's language. Programs, and files that they read, are answered in English."""
        is_english = is_for_programs(request)
        accepted = request.headers.get("accept-language", "")[:200]
        with translation.override(settings.LANGUAGE_CODE if is_english else language_of(accepted)):
            response = self.get_response(request)
        if len(settings.LANGUAGES) > 1:
            patch_vary_headers(response, ("Accept-Language",))
        return response
