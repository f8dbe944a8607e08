"""OTLP/HTTP: `/v1/traces`, `/v1/logs`, `/v1/metrics` and their aliases. Answers are in the encoding of the request."""

from functools import cache, wraps
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from ingestion.acceptance import Outcome
from ingestion.api.door import Call, way_in
from ingestion.api.refusal import Refusal, Refuse
from ingestion.kinds import SourceKind
from ingestion.records import Decoded

if TYPE_CHECKING:
    from ingestion.adapters.otlp.decoding import Signal

JSON, PROTOBUF = "application/json", "application/x-protobuf"
_ENCODINGS = {
    JSON: JSON,
    PROTOBUF: PROTOBUF,
    "application/protobuf": PROTOBUF,
    "application/x-google-protobuf": PROTOBUF,
}
WRONG_TYPE = Refusal(
    415, "The content type is not known", f"Content-Type must be {PROTOBUF} or {JSON}. Nothing was stored."
)


@cache
def _signal(name: str) -> "Signal":
    """How a signal is read. Its modules are loaded by the first request: starting does not wait for them."""
    from ingestion.adapters.otlp import decoding

    found: Signal = getattr(decoding, name.upper())
    return found


def _content_type(request: HttpRequest) -> str:
    return (request.content_type or "").lower()


def word_refusal(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A refusal as google.rpc.Status; in JSON where the sender did not speak protobuf."""
    from ingestion.adapters.otlp.answers import failure

    encoding = PROTOBUF if "protobuf" in _content_type(request) else JSON
    message = f"{refusal.title}. {refusal.detail}"
    return HttpResponse(failure(encoding, refusal.status, message), status=refusal.status, content_type=encoding)


def _item_count(decoded: Decoded) -> int:
    """Items that were read and not left out on purpose, and those that were rejected."""
    told = sum(report.items for _, report in decoded.reports)
    return told + len(decoded.lines) + len(decoded.metrics) + len(decoded.rejected)


def _answer(signal: "Signal", encoding: str, count: int, outcome: Outcome) -> HttpResponse:
    """200, with the exact number of rejected items and the first reasons where there are any."""
    from ingestion.adapters.otlp.answers import explain, success

    rejected = count - outcome.stored - outcome.duplicate
    message = explain(outcome.rejected, rejected, signal.item) if rejected else ""
    return HttpResponse(success(encoding, signal.rejected_field, rejected, message), content_type=encoding)


@way_in(SourceKind.OTLP, wording=word_refusal)
def _export(call: Call, *, signal: str) -> HttpResponse:
    encoding = _ENCODINGS.get(_content_type(call.request))
    if encoding is None:
        raise Refuse(WRONG_TYPE)
    how = _signal(signal)
    decoded = how.decode(call.body, encoding, call.now)
    # Counted before: what is taken in may be changed by it.
    count = _item_count(decoded)
    return _answer(how, encoding, count, call.take_in(decoded))


@csrf_exempt
@wraps(_export)
def export(request: HttpRequest, signal: str) -> HttpResponse:
    """Takes what an exporter sends; a 200 means: committed.

    HEAD is answered without a key: some senders try the address by it, and it says nothing but that something is here.
    Everything else goes through the door.
    """
    if request.method == "HEAD":
        return HttpResponse()
    return _export(request, signal=signal)
