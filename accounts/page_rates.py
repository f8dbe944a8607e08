"""How many pages somebody may open and how much they may change or export: a bucket each for every person.

Generous for people and tight for scripts that hold a session: those have the API. What is refused takes nothing, is
answered with 429, a page that says when to come again, and a line of the log.
"""

import math
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from accounts.audit import SAFE_METHODS
from accounts.buckets import Buckets, Limit
from accounts.rates import take
from accounts.security_log import noticed

# What may come at once, in seconds of the rate.
BURST_SECONDS = 30
MAX_PEOPLE = 10_000
_own: dict[str, Buckets] = {}


def forget_buckets() -> None:
    """Empties what this process counted itself: for tests."""
    _own.clear()


class PageRates:
    """Middleware: counts what is asked within a session; without one there is nobody to count for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers, or says when to come again."""
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not (limits := _limits(request)):
            return self.get_response(request)
        user_id = request.session.get(SESSION_KEY)
        if user_id is None:
            return self.get_response(request)
        found = take(f"page:{user_id}", limits, _buckets_of(user_id))
        if not found.place:
            return self.get_response(request)
        noticed(f"the limit of {limits[found.place - 1].name} was reached", "user", user_id)
        return _refuse(request, math.ceil(found.wait))


def does_much(request: HttpRequest) -> bool:
    """Whether a request changes something or makes a file."""
    return request.method not in SAFE_METHODS or "format" in request.GET


def _limits(request: HttpRequest) -> list[Limit]:
    rates = settings.PAGE_LIMITS
    names = ("changes", "pages") if does_much(request) else ("pages",)
    return [Limit(name, rates[name], BURST_SECONDS * rates[name], 1, 1) for name in names if rates[name]]


def _refuse(request: HttpRequest, seconds: int) -> HttpResponse:
    told = {"seconds": seconds, "is_change": request.method not in SAFE_METHODS, "again": request.get_full_path()}
    response = render(request, "accounts/too_often.html", told, status=429)
    response["Retry-After"] = str(seconds)
    return response


def _buckets_of(user_id: str) -> Buckets:
    if len(_own) >= MAX_PEOPLE:
        _own.clear()
    return _own.setdefault(user_id, Buckets())
