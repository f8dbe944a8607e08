"""`/services/collector`: Splunk's HTTP Event Collector, with its codes.

Source of codes and texts: "Troubleshoot HTTP Event Collector" in Splunk's documentation. Where events were refused the
number of the first one is told, as there; unlike there, the events behind it are stored too.
"""

from django.http import HttpRequest, HttpResponse, JsonResponse

from accounts.authentication import told_key
from ingestion.acceptance import Outcome
from ingestion.adapters.logs import hec
from ingestion.api.door import Call, way_in
from ingestion.api.refusal import Refusal, Refuse
from ingestion.kinds import SourceKind
from ingestion.records import Decoded

NO_DATA = Refusal(400, "No data", "No data")
HEALTHY = {"text": "HEC is healthy", "code": 17}
_EVENT_CODES = {hec.EVENT_REQUIRED: 12, hec.EVENT_BLANK: 13}


def _answer(status: int, text: str, code: int, **members: object) -> JsonResponse:
    return JsonResponse({"text": text, "code": code, **members}, status=status)


def as_code(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A refusal as the collector words it. A key that is not known is a 403 there."""
    if refusal.status == 401:
        if told_key(request.headers) is not None:
            return _answer(403, "Invalid token", 4)
        is_told = "authorization" in request.headers
        return _answer(401, "Invalid authorization", 3) if is_told else _answer(401, "Token is required", 2)
    if refusal.status in (403, 410):
        return _answer(403, "Token disabled", 1, detail=refusal.detail)
    if refusal.status == 503:
        return _answer(503, "Server is busy", 9)
    if refusal == NO_DATA:
        return _answer(400, "No data", 5)
    return _answer(refusal.status, "Invalid data format", 6, detail=refusal.detail)


def _take_in(call: Call, decoded: Decoded) -> HttpResponse:
    outcome = call.take_in(decoded)
    return _refused(outcome) if outcome.rejected else _answer(200, "Success", 0)


def _refused(outcome: Outcome) -> HttpResponse:
    """The answer where events were refused: the first one's code, and how many of the others are stored."""
    first = min(outcome.rejected, key=lambda one: one.index)
    code = _EVENT_CODES.get(first.reason, 6)
    members: dict[str, object] = {"invalid-event-number": first.index, "stored": outcome.stored + outcome.duplicate}
    if code == 6:
        members["detail"] = f"{first.field} {first.reason}"
    return _answer(400, first.reason if code != 6 else hec.INVALID, code, **members)


@way_in(SourceKind.HEC, wording=as_code)
def events(call: Call) -> HttpResponse:
    """Takes JSON events."""
    if not call.body.strip():
        raise Refuse(NO_DATA)
    return _take_in(call, hec.read_events(call.body, call.request.GET.dict(), call.now))


@way_in(SourceKind.HEC, wording=as_code)
def raw(call: Call) -> HttpResponse:
    """Takes lines of text."""
    if not call.body.strip():
        raise Refuse(NO_DATA)
    return _take_in(call, hec.read_raw(call.body, call.request.GET.dict(), call.now))


def health(request: HttpRequest) -> HttpResponse:
    """Whether events can be sent; load balancers ask without a key, so nothing of a team is told."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    return JsonResponse(HEALTHY)


def acknowledgements(_request: HttpRequest) -> HttpResponse:
    """Acknowledgements are off: an answer of 200 to events says that they are stored."""
    return _answer(400, "ACK is disabled", 14)
