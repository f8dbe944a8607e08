"""`POST /firehose`: Amazon Data Firehose to an HTTP endpoint.

Each answer repeats the request's id and has a time in milliseconds; an error also says why. Firehose sends a request
again that is not answered with 200, whatever the status, so records that are refused alone do not fail it.
Source: "HTTP endpoint delivery request and response specifications" in Firehose's developer guide.
"""

import time
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from ingestion.adapters.logs import firehose
from ingestion.api.door import Call, way_in
from ingestion.api.refusal import Refusal
from ingestion.kinds import SourceKind

ID_HEADER, LABELS_HEADER = "x-amz-firehose-request-id", "x-amz-firehose-common-attributes"


def _answer(request_id: str, status: int = 200, **members: str) -> JsonResponse:
    told = {"requestId": request_id, "timestamp": round(time.time() * 1000), **members}
    return JsonResponse(told, status=status)


def as_error(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A refusal as Firehose logs it."""
    return _answer(request.headers.get(ID_HEADER, ""), refusal.status, errorMessage=refusal.detail)


def _labels(request: HttpRequest) -> dict[str, Any]:
    """The attributes that the stream's owner configured for all records."""
    try:
        told = msgspec.json.decode(request.headers.get(LABELS_HEADER, "") or "{}")
    except (msgspec.DecodeError, UnicodeError):
        return {}
    labels = told.get("commonAttributes") if isinstance(told, dict) else None
    return labels if isinstance(labels, dict) else {}


@way_in(SourceKind.FIREHOSE, wording=as_error)
def deliver(call: Call) -> HttpResponse:
    """Takes a delivery."""
    delivery = firehose.read_delivery(call.body)
    call.take_in(firehose.read(delivery, _labels(call.request), call.now, settings.INGEST_MAX_INFLATED_BYTES))
    return _answer(call.request.headers.get(ID_HEADER) or delivery.request_id)
