"""The LangSmith SDK's addresses, below `/langsmith`: what `LANGSMITH_ENDPOINT` is set to.

Answers are what the clients of Python and JS act on: any 2xx ends a request, 400, 401, 413 and 422 are final, 503 is
tried again. 404 would make them fall back to other addresses, and 409 would count as success: neither is ever said
about runs.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from accounts.tenancy import team_context
from ingestion.acceptance import Outcome
from ingestion.adapters.langsmith import (
    Sent,
    ask_for,
    read_batch,
    read_judgement,
    read_multipart,
    read_run,
    to_records,
)
from ingestion.api.door import Call, way_in
from ingestion.api.refusal import Refusal, Refuse
from ingestion.kinds import SourceKind
from ingestion.reads.traces import find_traces

# Enough for a sender to see what is wrong; the numbers are always complete.
MAX_TOLD_REJECTIONS = 1_000
# The version of LangSmith's API that the clients compare with: from 0.8.10 on they send feedback in multipart bodies.
API_VERSION = "0.18.0"
MAX_BATCH_RUNS = 100


def as_detail(_request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A refusal as the SDK shows it: the answer's text is put into its warning."""
    return JsonResponse({"detail": refusal.detail}, status=refusal.status)


def _take_in(call: Call, sent: Sent) -> Outcome:
    asked = ask_for(sent, call.now)
    known: dict[str, str] = {}
    if asked:
        with team_context(call.source.team_id):
            known = find_traces(call.source.team_id, asked, call.now)
    return call.take_in(to_records(sent, known, call.now))


def _told(outcome: Outcome) -> list[dict[str, Any]]:
    first = sorted(outcome.rejected, key=lambda one: (one.index, one.field))[:MAX_TOLD_REJECTIONS]
    return [{"index": one.index, "id": one.sample, "field": one.field, "reason": one.reason} for one in first]


def _answer(outcome: Outcome) -> JsonResponse:
    """202 with what became of the items; 422 when each of them was rejected."""
    told = _told(outcome)
    if told and not (outcome.stored or outcome.duplicate):
        first = told[0]
        detail = f"Item {first['index']}: {first['field']} {first['reason']}. Nothing was stored."
        return JsonResponse({"detail": detail, "rejected": told}, status=422)
    return JsonResponse({"stored": outcome.stored, "duplicate": outcome.duplicate, "rejected": told}, status=202)


@way_in(SourceKind.LANGSMITH, wording=as_detail, methods=("GET", "HEAD"))
def info(_call: Call) -> HttpResponse:
    """What the clients ask before they report: which formats are taken, and how much at once."""
    return JsonResponse(
        {
            "version": API_VERSION,
            "instance_flags": {"zstd_compression_enabled": True, "gzip_body_enabled": True},
            "batch_ingest_config": {
                "use_multipart_endpoint": True,
                "size_limit": MAX_BATCH_RUNS,
                # Clients fill a batch past it by what they add last.
                "size_limit_bytes": settings.INGEST_MAX_BODY_BYTES * 3 // 4,
                "scale_up_qsize_trigger": 1_000,
                "scale_up_nthreads_limit": 16,
                "scale_down_nempty_trigger": 4,
            },
        }
    )


@way_in(SourceKind.LANGSMITH, wording=as_detail)
def report_multipart(call: Call) -> HttpResponse:
    """Runs and feedback in parts: what both SDKs send by default."""
    return _answer(_take_in(call, read_multipart(call.body, call.request.headers.get("content-type", ""))))


@way_in(SourceKind.LANGSMITH, wording=as_detail)
def report_batch(call: Call) -> HttpResponse:
    """Runs in one JSON object: what older SDKs send."""
    return _answer(_take_in(call, read_batch(call.body)))


@way_in(SourceKind.LANGSMITH, wording=as_detail)
def report_run(call: Call) -> HttpResponse:
    """One new run, as the SDKs send it when they do not batch."""
    return _answer(_take_in(call, read_run(call.body)))


@way_in(SourceKind.LANGSMITH, wording=as_detail, methods=("PATCH",))
def report_patch(call: Call, run_id: str) -> HttpResponse:
    """What is new about one run."""
    return _answer(_take_in(call, read_run(call.body, run_id)))


@way_in(SourceKind.LANGSMITH, wording=as_detail)
def report_feedback(call: Call) -> HttpResponse:
    """One judgement. On a run that is not known yet it is a 404: the Python SDK tries again, as with LangSmith."""
    sent = read_judgement(call.body)
    asked = ask_for(sent, call.now)
    with team_context(call.source.team_id):
        known = find_traces(call.source.team_id, asked, call.now)
    decoded = to_records(sent, known, call.now)
    if asked and not known:
        raise Refuse(Refusal(404, "Not found", f"trace_id {decoded.rejected[0].reason}. Nothing was stored."))
    return _answer(call.take_in(decoded))


@way_in(SourceKind.LANGSMITH, wording=as_detail, methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"))
def elsewhere(_call: Call, rest: str) -> HttpResponse:
    """Everything else that LangSmith's API has: reading runs, data sets, prompts."""
    detail = f"Steadyrun takes what the LangSmith SDK reports; /{rest[:200]} is not a part of that."
    raise Refuse(Refusal(404, "Not found", detail))
