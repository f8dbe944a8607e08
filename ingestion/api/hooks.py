"""`POST /hooks/<address>`: webhooks. A 2xx means: committed, or done before. A 4xx is final, a 503 may pass."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from accounts.problems import problem_response
from ingestion.adapters.webhooks.signatures import Forged, Stale
from ingestion.api.door import NO_ADDRESS, Call, find_source_by_address, way_in
from ingestion.api.refusal import Refusal, Refuse
from ingestion.kinds import KINDS, SourceKind
from ingestion.models import DeliveryOutcome
from ingestion.services.deliveries import Received, note_forged, receive
from ingestion.sources import SourceInfo

PATH = KINDS[SourceKind.GENERIC].path
MAX_TOLD_REJECTIONS = 100
KEPT = "The delivery is kept for 7 days and can be processed again when that is mended."
NO_MAPPING = (
    "This source has no mapping yet. The delivery is kept for 7 days; write the mapping, then process it again."
)


def find_hook(request: HttpRequest, kind: SourceKind, arguments: dict[str, Any], now: datetime) -> SourceInfo:
    """The webhook source with the address in the path. Raises `Refuse`, also for an address of another protocol."""
    source = find_source_by_address(request, kind, arguments, now)
    if KINDS[source.kind].path != PATH:
        raise Refuse(NO_ADDRESS)
    return source


@way_in(SourceKind.GENERIC, find=find_hook)
def deliver(call: Call, address: str) -> HttpResponse:
    """Takes a delivery."""
    headers: Mapping[str, str] = call.request.headers
    try:
        received = receive(
            call.source, headers=headers, body=call.body, content_type=headers.get("content-type", ""), now=call.now
        )
    except Forged as error:
        note_forged(call.source, str(error), call.now)
        raise Refuse(Refusal(401, "Not signed as expected", f"{error} Nothing was stored.")) from error
    except Stale as error:
        raise Refuse(Refusal(400, "Signed for another time", f"{error} Nothing was stored.")) from error
    return _answer(call.source, received)


def _answer(source: SourceInfo, received: Received) -> HttpResponse:
    told = {
        "delivery": received.external_id,
        "outcome": received.outcome,
        "stored": received.stored,
        "duplicate": received.duplicate,
        "ignored": received.ignored,
        "rejected": [
            {"index": one.index, "field": one.field, "reason": one.reason}
            for one in received.rejected[:MAX_TOLD_REJECTIONS]
        ],
    }
    if received.outcome != DeliveryOutcome.REJECTED:
        return JsonResponse(told)
    if source.kind == SourceKind.GENERIC and not source.mapping:
        # The first delivery is what a mapping is written from: its sender did nothing wrong.
        return JsonResponse({**told, "note": NO_MAPPING}, status=202)
    first = received.rejected[0]
    detail = f"{first.field} {first.reason.removesuffix('.')}. {KEPT}"
    return problem_response(422, "Nothing could be stored", detail, **told)
