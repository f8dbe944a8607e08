"""What the OpenAPI document says about reporting. Serializers describe only: nothing is read or written by them."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers as s

from ingestion.adapters import wire

_STATUS = (
    "queued, running, waiting, succeeded, failed, cancelled, timed_out, skipped or unknown, in any common spelling"
)
_TIME = "ISO 8601; without a zone it is UTC. From 1990 to a day from now"
_ERROR = "text, or an object with type, message and detail"


def _name(help_text: str = "") -> s.CharField:
    return s.CharField(max_length=wire.MAX_NAME, required=False, allow_null=True, help_text=help_text)


def _count(help_text: str = "") -> s.IntegerField:
    return s.IntegerField(min_value=0, max_value=wire.MAX_64, required=False, allow_null=True, help_text=help_text)


def _id(help_text: str = "", *, required: bool = False) -> s.CharField:
    return s.CharField(max_length=wire.MAX_ID, required=required, allow_null=not required, help_text=help_text)


def _time(help_text: str = _TIME) -> s.DateTimeField:
    return s.DateTimeField(required=False, allow_null=True, help_text=help_text)


def _any(help_text: str = "") -> s.JSONField:
    return s.JSONField(required=False, allow_null=True, help_text=help_text)


def _duration() -> s.FloatField:
    return s.FloatField(min_value=0, required=False, allow_null=True, help_text="milliseconds")


def _money() -> s.FloatField:
    return s.FloatField(min_value=0, required=False, allow_null=True, help_text="US dollars, as a number or as text")


class TokensToldSerializer(s.Serializer[Any]):
    """Disjoint buckets of at most a quadrillion tokens, and parts of them, which must not be more than their whole."""

    input, cache_read, cache_write, output = (_count() for _ in range(4))
    reasoning = _count("the part of `output` that was reasoning")
    output_audio, output_image = (_count("a part of `output`") for _ in range(2))
    input_audio, input_image = (_count("a part of `input`") for _ in range(2))
    cache_write_1h = _count("the part of `cache_write` that is kept for an hour")


class StepToldSerializer(s.Serializer[Any]):
    """One visit of a node."""

    id = _id("unique inside the execution", required=True)
    node = _name("the place in the workflow")
    kind = _name("llm, tool, agent, http ...")
    parent_id = _id("the step that started this one")
    position = s.IntegerField(min_value=0, required=False, allow_null=True, help_text="order, where times do not tell")
    status = _name(_STATUS)
    started_at, finished_at = _time(), _time()
    duration_ms = _duration()
    attempt = s.IntegerField(min_value=1, max_value=32_767, required=False, allow_null=True)
    provider, model, tool = _name(), _name(), _name()
    external_system = _name("the host or named service outside that the step calls")
    tokens = TokensToldSerializer(required=False, allow_null=True)
    calls = _count("calls of the provider that the tokens are of; 1 when not told")
    tier = _name("the provider's service tier: batch, priority, flex; the standard one when not told")
    region = _name("where the provider ran it")
    usage = _any("the provider's own usage object; tokens, tier and region are read from it where not told apart")
    cost_usd = _money()
    input, output, error, attributes = _any(), _any(), _any(_ERROR), _any("at most 1,000 entries")


class LogToldSerializer(s.Serializer[Any]):
    """A log line."""

    message = s.CharField(max_length=wire.MAX_LOG_MESSAGE)
    at = _time()
    level = s.CharField(max_length=50, required=False, allow_null=True)
    step_id = _id()
    position = s.IntegerField(min_value=0, required=False, allow_null=True)


class FeedbackToldSerializer(s.Serializer[Any]):
    """A judgement."""

    key = s.CharField(max_length=wire.MAX_NAME)
    score = s.FloatField(required=False, allow_null=True)
    comment = s.CharField(max_length=10_000, required=False, allow_null=True)


class ExecutionToldSerializer(s.Serializer[Any]):
    """An execution or a part of one: only `id` is needed, and what is not told stays as it is."""

    id = _id("the execution's id where it runs", required=True)
    attempt = s.IntegerField(min_value=1, max_value=32_767, required=False, allow_null=True)
    retry_of = _id("id of the execution that this one repeats")
    revision = s.IntegerField(
        min_value=0, required=False, help_text="a later revision beats an earlier one, field by field"
    )
    workflow, release = _name(), _name("version of the workflow")
    commit = _name("revision of the source that the release was made from, up to 100 characters")
    workflow_type = s.CharField(max_length=80, required=False, allow_null=True)
    environment, trigger, input_type = _name("production when not told"), _name(), _name()
    schedule = _name("when the workflow starts: cron text of five fields, or a preset such as @daily")
    schedule_zone = _name("the time zone of `schedule`, such as Europe/Berlin; UTC when not told")
    status = _name(_STATUS)
    started_at, finished_at = _time(), _time()
    duration_ms = _duration()
    parent_execution, session, user = _id("id of the execution that started this one"), _id(), _id()
    url = s.URLField(
        max_length=wire.MAX_URL, required=False, allow_null=True, help_text="opens the run in its own tool"
    )
    error, input, output, tags = _any(_ERROR), _any(), _any(), _any("an object of text, at most 100")
    feedback = FeedbackToldSerializer(many=True, required=False, allow_null=True)
    memory_bytes, memory_limit_bytes = _count("peak"), _count()
    storage_bytes, storage_limit_bytes, api_call_count = _count(), _count(), _count()
    tokens = TokensToldSerializer(required=False, allow_null=True)
    cost_usd = _money()
    attributes = _any("at most 1,000 entries; unknown fields are added to them")
    steps = StepToldSerializer(many=True, required=False, allow_null=True)
    logs = LogToldSerializer(many=True, required=False, allow_null=True)


class RejectionSerializer(s.Serializer[Any]):
    """Why one item was refused."""

    index = s.IntegerField(help_text="place of the item in the body, from 0")
    field = s.CharField()
    reason = s.CharField()


class ReportedSerializer(s.Serializer[Any]):
    """What became of the items."""

    stored = s.IntegerField(help_text="items that changed something")
    duplicate = s.IntegerField(help_text="items that were known already")
    rejected = RejectionSerializer(many=True, help_text="the first 1,000")


_WHOLE = {
    "id": "order-4711",
    "workflow": "Answer a customer",
    "release": "2026-11-20",
    "commit": "3f2a1c9",
    "trigger": "webhook",
    "status": "succeeded",
    "started_at": "2026-11-22T10:00:00Z",
    "finished_at": "2026-11-22T10:00:04Z",
    "input": {"question": "Where is my parcel?"},
    "steps": [
        {
            "id": "1",
            "node": "Look up the parcel",
            "kind": "tool",
            "tool": "track",
            "external_system": "api.parcels.example",
            "status": "succeeded",
            "started_at": "2026-11-22T10:00:00Z",
            "finished_at": "2026-11-22T10:00:01Z",
        },
        {
            "id": "2",
            "parent_id": "1",
            "node": "Write the answer",
            "kind": "llm",
            "provider": "openai",
            "model": "gpt-4o",
            "tokens": {"input": 820, "output": 95},
            "cost_usd": 0.003,
            "status": "succeeded",
            "started_at": "2026-11-22T10:00:01Z",
            "finished_at": "2026-11-22T10:00:04Z",
        },
    ],
}
_PROBLEM = OpenApiTypes.OBJECT


def _problem(description: str) -> OpenApiResponse:
    return OpenApiResponse(_PROBLEM, description=f"{description} (problem+json, RFC 9457)")


REPORT_EXECUTIONS: dict[str, Any] = {
    "operation_id": "report_executions",
    "tags": ["executions"],
    "description": "Takes one execution, a JSON array, or one execution a line (`application/x-ndjson`), plain or with "
    "`Content-Encoding` gzip, zstd or deflate. An execution may be told in parts, in any order and repeated.",
    "request": {
        "application/json": ExecutionToldSerializer,
        "application/x-ndjson": OpenApiTypes.STR,
    },
    "responses": {
        200: OpenApiResponse(
            ReportedSerializer, description="Committed: at least one item was stored or known already."
        ),
        (400, "application/problem+json"): _problem("The body cannot be decoded or ended early; nothing was stored"),
        (401, "application/problem+json"): _problem("The key is missing, wrong, expired or revoked"),
        (403, "application/problem+json"): _problem("The key does not have the scope ingest"),
        (413, "application/problem+json"): _problem("The body is too large, as sent or inflated"),
        (415, "application/problem+json"): _problem("The content encoding is not known"),
        (422, "application/problem+json"): _problem("Every item was refused; `rejected` says why"),
        (503, "application/problem+json"): _problem("Nothing was stored; try again after `Retry-After` seconds"),
    },
    "examples": [
        OpenApiExample("A whole execution", _WHOLE, request_only=True),
        OpenApiExample(
            "A part: the finish",
            {"id": "order-4711", "status": "failed", "finished_at": "2026-11-22T10:00:04Z", "error": "no such parcel"},
            request_only=True,
        ),
        OpenApiExample(
            "Stored",
            {
                "stored": 1,
                "duplicate": 0,
                "rejected": [{"index": 1, "field": "started_at", "reason": "must be a time such as ..."}],
            },
            response_only=True,
            status_codes=["200"],
        ),
    ],
}
