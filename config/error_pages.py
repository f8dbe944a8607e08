"""Answers to requests that no view could take: a page for people, a problem document for clients."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.defaults import bad_request as django_bad_request
from django.views.defaults import page_not_found

from accounts.problems import problem_response

# What clients call; all else is read by people.
_CLIENTS = ("/api/", "/v1/", "/scim/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, or 413 where an uploaded file is too large."""
    if isinstance(exception, RequestDataTooBig):
        return render(request, "413.html", {"most_mb": settings.UPLOAD_MAX_BYTES // 1024**2}, status=413)
    return django_bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    if request.path.startswith(_CLIENTS):
        return problem_response(404, "Not found.", "There is nothing at this address.")
    return page_not_found(request, exception)
