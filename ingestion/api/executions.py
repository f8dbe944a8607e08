"""`POST /api/v1/executions`: one execution, a list, or one a line; whole or in parts."""

import logging
from collections.abc import Callable
from typing import Any, cast

from django.db import DatabaseError
from django.http import HttpResponseBase, JsonResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from psycopg_pool import PoolTimeout
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import ApiKeyAuthentication, CanIngest
from accounts.models import ApiKey
from accounts.problems import problem_response
from ingestion.acceptance import Outcome, ReportsRefused, StorageUnavailable, accept
from ingestion.adapters.refusals import TooLarge, Undecodable, UnknownEncoding
from ingestion.adapters.rest import decode, parse_item
from ingestion.api import documentation
from ingestion.api.bodies import read_body
from ingestion.records import ExecutionReport, Rejection

logger = logging.getLogger(__name__)

# Enough for a sender to see what is wrong; the numbers are always complete.
MAX_TOLD_REJECTIONS = 1_000
RETRY_AFTER_SECONDS = 5


def _told(rejections: list[Rejection]) -> list[dict[str, Any]]:
    first = sorted(rejections, key=lambda rejection: (rejection.index, rejection.field))[:MAX_TOLD_REJECTIONS]
    return [{"index": one.index, "field": one.field, "reason": one.reason} for one in first]


def _answer(outcome: Outcome, rejected: list[Rejection]) -> JsonResponse:
    """200 when anything was stored or known already, else 422."""
    told = _told(rejected)
    if outcome.stored or outcome.duplicate:
        return JsonResponse({"stored": outcome.stored, "duplicate": outcome.duplicate, "rejected": told})
    first = told[0]
    return problem_response(
        422,
        "Nothing could be stored",
        f"Item {first['index']}: {first['field']} {first['reason']}",
        stored=0,
        duplicate=0,
        rejected=told,
    )


def report_executions(request: Request) -> JsonResponse:
    """Reads, checks and stores what a request reports. A 200 means: committed."""
    now = timezone.now()
    body = read_body(request._request)
    parsed = [parse_item(index, item, now) for index, item in decode(body, request.content_type)]
    reports = [(index, one) for index, one in enumerate(parsed) if isinstance(one, ExecutionReport)]
    rejected = [one for one in parsed if isinstance(one, Rejection)]
    outcome = accept(cast(ApiKey, request.auth).team_id, reports, now=now) if reports else Outcome()
    return _answer(outcome, [*rejected, *outcome.rejected])


def _unavailable(error: Exception) -> JsonResponse:
    """The answer that makes senders try again: any other 5xx makes some of them drop what they hold."""
    logger.warning("storage is not available", exc_info=error)
    response = problem_response(
        503, "Storage is not available", f"Nothing was stored. Try again in {RETRY_AFTER_SECONDS} seconds."
    )
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _undecodable(error: Undecodable) -> JsonResponse:
    members = {"errors": [{"field": error.field, "reason": error.reason}]} if error.field else {}
    detail = f"{error.field} {error.reason}" if error.field else error.reason
    text = f"{detail.removesuffix('.')}. Nothing was stored."
    return problem_response(400, "The body cannot be decoded", text, **members)


_REFUSALS: dict[type[Exception], Callable[[Any], JsonResponse]] = {
    Undecodable: _undecodable,
    TooLarge: lambda error: problem_response(413, "The body is too large", str(error)),
    UnknownEncoding: lambda error: problem_response(415, "The content encoding is not known", str(error)),
    ReportsRefused: lambda error: problem_response(
        422, "Nothing could be stored", "The body holds a value that the database does not take. Nothing was stored."
    ),
    StorageUnavailable: _unavailable,
    DatabaseError: _unavailable,
    PoolTimeout: _unavailable,
}


class ReportExecutions(APIView):
    """Takes reports of executions with a key that has the scope `ingest`."""

    authentication_classes = [ApiKeyAuthentication]
    permission_classes = [CanIngest]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Senders' `Accept` headers are not read: the answer is always JSON."""
        return super().perform_content_negotiation(request, force=True)

    def handle_exception(self, exc: Exception) -> Response:
        """Refusals as problem documents; the rest is left to the framework."""
        for kind, answer in _REFUSALS.items():
            if isinstance(exc, kind):
                return answer(exc)  # type: ignore[return-value]  # any Django response will do here
        return super().handle_exception(exc)

    @extend_schema(**documentation.REPORT_EXECUTIONS)
    def post(self, request: Request) -> HttpResponseBase:
        """Report executions, whole or in parts."""
        return report_executions(request)
