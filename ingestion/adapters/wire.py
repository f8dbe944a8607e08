"""The shape of an execution on the wire, with the bounds of each field, for msgspec to check.

The classes extend the neutral records, so what is decoded is handed on without a copy. Where the wire says
something else than the record (a status is a word there), the annotation differs on purpose, and `rest` settles the
field before anybody else sees the record.
"""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from ingestion.records import ExecutionReport, Feedback, LogReport, StepReport, Tokens

MAX_ID = 256
MAX_NAME = 200
MAX_STEPS = 50_000
MAX_LOGS = 50_000
MAX_ATTRIBUTES = 1_000
MAX_TAGS = 100
MAX_TAG_LENGTH = 500
MAX_FEEDBACK = 100
MAX_URL = 2_000
MAX_ERROR = 100_000
MAX_LOG_MESSAGE = 100_000
MAX_64 = 2**63 - 1
# A quadrillion: sums of thousands of them still fit into 64 bits.
MAX_TOKENS = 10**15
MAX_CALLS = 10**9
MAX_WORD = 100
# A hundred years.
MAX_MS = 3_155_760_000_000

Id = Annotated[str, Meta(min_length=1, max_length=MAX_ID)]
Name = Annotated[str, Meta(max_length=MAX_NAME)]
Word = Annotated[str, Meta(max_length=MAX_WORD)]
Count = Annotated[int, Meta(ge=0, le=MAX_64)]
TokenCount = Annotated[int, Meta(ge=0, le=MAX_TOKENS)]
Calls = Annotated[int, Meta(ge=0, le=MAX_CALLS)]
Attempt = Annotated[int, Meta(ge=1, le=32_767)]
Position = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Duration = Annotated[float, Meta(ge=0, le=MAX_MS)]
Attributes = Annotated[dict[Annotated[str, Meta(max_length=MAX_ID)], Any], Meta(max_length=MAX_ATTRIBUTES)]


# What a record says about itself is not for senders to tell: such a field makes the strict reading fail.
if TYPE_CHECKING:
    Untold = Any
else:
    Untold = None


class WireTokens(Tokens, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """Token counts, each from 0 to a quadrillion."""

    input: TokenCount | None = None
    cache_read: TokenCount | None = None
    cache_write: TokenCount | None = None
    output: TokenCount | None = None
    reasoning: TokenCount | None = None
    cache_write_1h: TokenCount | None = None
    input_audio: TokenCount | None = None
    input_image: TokenCount | None = None
    output_audio: TokenCount | None = None
    output_image: TokenCount | None = None


class WireStep(StepReport, kw_only=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """A step as it is sent. `finished_at` is the wire's word for the record's `ended_at`."""

    id: Id
    parent_id: Id | None = None
    position: Position | None = None
    node: Name | None = None
    kind: Name | None = None
    status: Word | None = None  # type: ignore[assignment]  # a word on the wire, a Status after settling
    told_status: Untold = None
    finished_at: datetime | None = None
    ended_at: Untold = None
    duration_ms: Duration | None = None
    attempt: Attempt | None = None
    provider: Name | None = None
    model: Name | None = None
    tool: Name | None = None
    external_system: Name | None = None
    calls: Calls | None = None
    tier: Word | None = None
    region: Word | None = None
    usage: dict[str, Any] | None = None
    tokens: WireTokens | None = None
    # Counts told beside the other fields.
    input_tokens: TokenCount | None = None
    cache_read_tokens: TokenCount | None = None
    cache_write_tokens: TokenCount | None = None
    output_tokens: TokenCount | None = None
    reasoning_tokens: TokenCount | None = None
    cost_usd: Decimal | None = None
    error: Any = None
    attributes: Attributes | None = None


class WireLog(LogReport, kw_only=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """A log line as it is sent."""

    message: Annotated[str, Meta(max_length=MAX_LOG_MESSAGE)]
    level: Annotated[str, Meta(max_length=50)] | None = None
    step_id: Id | None = None
    position: Position | None = None


class WireFeedback(Feedback, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """A judgement as it is sent."""

    key: Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
    score: float | None = None
    comment: Annotated[str, Meta(max_length=10_000)] | None = None


class WireExecution(ExecutionReport, kw_only=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """An execution, or a part of one, as it is sent."""

    id: Id
    attempt: Attempt | None = None
    retry_of: Id | None = None
    revision: Count = 0
    workflow: Name | None = None
    workflow_type: Annotated[str, Meta(max_length=80)] | None = None
    release: Name | None = None
    commit: Word | None = None
    environment: Name | None = None
    trigger: Name | None = None
    schedule: Word | None = None
    schedule_zone: Word | None = None
    input_type: Name | None = None
    status: Word | None = None  # type: ignore[assignment]  # a word on the wire, a Status after settling
    duration_ms: Duration | None = None
    parent_execution: Id | None = None
    session: Id | None = None
    user: Id | None = None
    url: Annotated[str, Meta(max_length=MAX_URL, pattern="^https?://")] | None = None
    error: Any = None
    tags: Any = None
    feedback: Annotated[list[WireFeedback], Meta(max_length=MAX_FEEDBACK)] | None = None  # type: ignore[assignment]
    tokens: WireTokens | None = None
    # Counts told beside the other fields.
    input_tokens: TokenCount | None = None
    cache_read_tokens: TokenCount | None = None
    cache_write_tokens: TokenCount | None = None
    output_tokens: TokenCount | None = None
    reasoning_tokens: TokenCount | None = None
    cost_usd: Decimal | None = None
    attributes: Attributes | None = None
    steps: Annotated[list[WireStep], Meta(max_length=MAX_STEPS)] | None = None  # type: ignore[assignment]
    logs: Annotated[list[WireLog], Meta(max_length=MAX_LOGS)] | None = None  # type: ignore[assignment]
    memory_bytes: Count | None = None
    memory_limit_bytes: Count | None = None
    storage_bytes: Count | None = None
    storage_limit_bytes: Count | None = None
    api_call_count: Count | None = None
    told_status: Untold = None
    resources: Untold = None
    ranks: Untold = None
    placed_at: Untold = None
    clock: Untold = 0
    is_imported: Untold = False
    items: Untold = 1
    is_computed_first: Untold = False


_OWN = {"told_status", "resources", "ranks", "placed_at", "clock", "is_imported", "items", "is_computed_first"}
STEP_FIELDS = frozenset(WireStep.__struct_fields__) - _OWN - {"ended_at"}
LOG_FIELDS = frozenset(WireLog.__struct_fields__)
EXECUTION_FIELDS = frozenset(WireExecution.__struct_fields__) - _OWN
