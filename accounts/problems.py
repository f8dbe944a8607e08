"""Errors of the API as problem documents (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

CONTENT_TYPE = "application/problem+json"


def problem(status: int, title: str, detail: str, **members: Any) -> dict[str, Any]:
    """A problem document: `status`, `title` and `detail`, and members that belong to this problem."""
    return {"type": "about:blank", "status": status, "title": title, "detail": detail, **members}


def problem_response(status: int, title: str, detail: str, **members: Any) -> JsonResponse:
    """A problem as a finished response, for code that runs outside a REST view."""
    return JsonResponse(problem(status, title, detail, **members), status=status, content_type=CONTENT_TYPE)


def _field_errors(detail: Any, within: str = "") -> list[dict[str, str]]:
    """Reasons by field; one of a list or an object is named by its path: `steps.0.channel_id`."""
    if not isinstance(detail, dict):
        return []
    return [error for field, reasons in detail.items() for error in _reasons_of(_path(within, field), reasons)]


def _path(within: str, field: Any) -> str:
    # What REST framework finds wrong with a list or an object as a whole it keeps under a name of its own.
    return within if within and field == "non_field_errors" else f"{within}.{field}" if within else str(field)


def _reasons_of(field: str, reasons: Any) -> list[dict[str, str]]:
    if isinstance(reasons, dict):
        return _field_errors(reasons, field)
    if isinstance(reasons, list) and any(isinstance(one, dict) for one in reasons):
        return _field_errors(dict(enumerate(reasons)), field)
    return [{"field": field, "reason": str(one)} for one in (reasons if isinstance(reasons, list) else [reasons])]


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's handler: every refusal becomes a problem document."""
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    detail = getattr(error, "detail", "")
    errors = _field_errors(detail)
    title = str(getattr(error, "default_detail", "Request refused"))
    if "{" in title:
        # A text with a place for the method or the type that was sent: the detail has it.
        title = HTTPStatus(response.status_code).phrase
    text = "Some parameters were refused." if errors else str(detail)
    members: dict[str, Any] = {"errors": errors} if errors else {}
    if isinstance(error, exceptions.Throttled) and (wait := getattr(error, "wait", None)) is not None:
        members["retry_after"] = wait
    response.data = problem(response.status_code, title, text, **members)
    response.content_type = CONTENT_TYPE
    return response
