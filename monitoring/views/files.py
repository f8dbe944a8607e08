"""Files that a page gives out: whoever asks, they are in English, as are the names of their columns."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpResponseBase
from django.utils import translation

from accounts.access import TeamRequest

_FORMATS = ("csv", "json")
P = ParamSpec("P")
View = Callable[Concatenate[TeamRequest, P], HttpResponseBase]


def english_files(view: View[P]) -> View[P]:
    """Answers a request for a file (`format` in its address) in English. The view itself makes its rows, not later."""

    @wraps(view)
    def answer(request: TeamRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.GET.get("format") not in _FORMATS:
            return view(request, *args, **kwargs)
        with translation.override(None):
            return view(request, *args, **kwargs)

    return answer
