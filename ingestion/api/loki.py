"""`POST /loki/api/v1/push`: Loki's push, JSON or snappy protobuf.

204 means committed. Agents drop a batch that is answered with 400 and send it again after 429 and 5xx; Loki itself
answers 400 where some lines were refused and the others are stored, so the same is done here.
"""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from ingestion.adapters.logs import loki
from ingestion.api.door import Call, way_in
from ingestion.api.refusal import Refusal
from ingestion.kinds import SourceKind

TEXT = "text/plain; charset=utf-8"


def as_text(_request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A refusal as agents log it: one line of text."""
    return HttpResponse(f"{refusal.detail}\n", status=refusal.status, content_type=TEXT)


def packed_in_snappy(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Spares the view `Content-Encoding: snappy`, by which Vector means the packing that a protobuf push has anyway."""

    @wraps(view)
    def unpacked(request: HttpRequest) -> HttpResponse:
        if request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower() == "snappy":
            del request.META["HTTP_CONTENT_ENCODING"]
            # The headers are remembered from their first use on.
            request.__dict__.pop("headers", None)
        return view(request)

    return unpacked


@packed_in_snappy
@way_in(SourceKind.LOKI, wording=as_text)
def push(call: Call) -> HttpResponse:
    """Takes a push."""
    limit = settings.INGEST_MAX_INFLATED_BYTES
    outcome = call.take_in(loki.read(call.body, call.request.content_type or "", call.now, limit))
    if not outcome.rejected:
        return HttpResponse(status=204)
    first, kept = outcome.rejected[0], outcome.stored + outcome.duplicate
    text = f"{len(outcome.rejected)} lines refused, {kept} stored; line {first.index}: {first.field} {first.reason}\n"
    return HttpResponse(text, status=400, content_type=TEXT)
