"""The character NUL, which no text of the database may hold: no view sees it in an address, no form keeps it."""

from collections.abc import Callable

from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase

from config.error_pages import bad_request

NUL = "\0"


class WithoutNul:
    """No path holds NUL: nothing is called so. In a query it is left out, as filters leave out what filters nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer. Raises `Http404`, which the chain around it words."""
        query = request.META.get("QUERY_STRING", "")
        while "%00" in query or NUL in query:
            request.META["QUERY_STRING"] = query = query.replace("%00", "").replace(NUL, "")
        if NUL in request.path_info:
            raise Http404("No address holds NUL.")
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A bad request, where a form with NUL came as far as the database: no key makes one, and nothing was kept."""
        is_nul = isinstance(exception, DataError) and "NUL (0x00)" in str(exception)
        return bad_request(request, exception) if is_nul else None
