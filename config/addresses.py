"""Addresses with the character NUL, which no text of the database may hold: views never see it."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponseBase

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
