"""Controls of direction in what is told to us do not reach a page: each would turn round what stands beside it.

Letters that run from right to left need none. Only pages of HTML are changed: files, API and what is stored keep them.
"""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase

# U+202A to U+202E (embeddings and overrides) and U+2066 to U+2069 (isolates) in UTF-8, and as scripts' data tells them.
_CONTROLS = re.compile(rb"\xe2(?:\x80[\xaa-\xae]|\x81[\xa6-\xa9])")
_ESCAPED = re.compile(rb"\\u20(?:2[a-eA-E]|6[6-9])")
_SIGN, _ESCAPED_SIGN = "\N{REPLACEMENT CHARACTER}".encode(), rb"\ufffd"
# Data of scripts: there, and only there, a character may be told by its number.
_DATA = re.compile(rb'<script[^>]*type="application/json"[^>]*>.*?</script>', re.DOTALL)


def without_turning(page: bytes) -> bytes:
    """The page with a sign in place of each control of direction."""
    if b"\\u20" in page:
        page = _DATA.sub(lambda match: _ESCAPED.sub(lambda _: _ESCAPED_SIGN, match[0]), page)
    return _CONTROLS.sub(_SIGN, page)


class WithoutTurning:
    """Looks at every page on its way out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer."""
        response = self.get_response(request)
        is_page = isinstance(response, HttpResponse) and response["Content-Type"].startswith("text/html")
        if isinstance(response, HttpResponse) and is_page:
            before = response.content
            after = without_turning(before)
            if after != before:
                response.content = after
        return response
