"""Neutral records: the only currency between adapters (bytes in) and acceptance (rows out).

Every field but an execution's `id` may be missing: reports come in parts, in any order, repeated and late.
`None` means "not told". Times are aware UTC, durations milliseconds, sizes bytes, money US dollars.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from msgspec import Struct

from monitoring.statuses import Status


class Tokens(Struct, frozen=True, kw_only=True, gc=False):
    """Token counts in disjoint buckets, and parts of them.

    `reasoning`, `output_audio` and `output_image` are parts of `output`, `input_audio` and `input_image` parts of
    `input` (which is what no cache had), `cache_write_1h` is the part of `cache_write` that is kept for an hour.
    """

    input: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    output: int | None = None
    reasoning: int | None = None
    cache_write_1h: int | None = None
    input_audio: int | None = None
    input_image: int | None = None
    output_audio: int | None = None
    output_image: int | None = None


# Parts of token counts that few tell, in the order of `Tokens`.
TOKEN_PARTS = ("cache_write_1h", "input_audio", "input_image", "output_audio", "output_image")


class Failure(Struct, frozen=True, kw_only=True, gc=False):
    """An error: its type (class or code), its message, and any longer detail (stack, response)."""

    type: str | None = None
    message: str | None = None
    detail: Any = None


class StepReport(Struct, kw_only=True, gc=False):
    """A part of what is known about one step. `id` is the sender's own, unique inside the execution.

    `calls` is how many calls of the provider the tokens are of (1 where not told), `tier` the provider's service tier
    ("" is the standard one), `region` where it ran, `usage` the provider's own usage object, as it was told.
    """

    id: str
    parent_id: str | None = None
    position: int | None = None
    node: str | None = None
    kind: str | None = None
    status: Status | None = None
    told_status: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_ms: float | None = None
    attempt: int | None = None
    provider: str | None = None
    model: str | None = None
    tool: str | None = None
    external_system: str | None = None
    tokens: Tokens | None = None
    cost_usd: Decimal | None = None
    calls: int | None = None
    tier: str | None = None
    region: str | None = None
    usage: dict[str, Any] | None = None
    error: Failure | None = None
    input: Any = None
    output: Any = None
    attributes: dict[str, Any] | None = None


class LogReport(Struct, kw_only=True, gc=False):
    """A log line. Equal lines of one execution at the same instant and position are one line."""

    message: str
    at: datetime | None = None
    level: str | None = None
    step_id: str | None = None
    position: int | None = None


class Feedback(Struct, frozen=True, kw_only=True, gc=False):
    """A judgement on an execution."""

    key: str
    score: float | None = None
    comment: str | None = None


class Resources(Struct, frozen=True, kw_only=True, gc=False):
    """What an execution used, and the limits it ran under (bytes, calls)."""

    memory_bytes: int | None = None
    memory_limit_bytes: int | None = None
    storage_bytes: int | None = None
    storage_limit_bytes: int | None = None
    api_call_count: int | None = None


class ExecutionReport(Struct, kw_only=True, gc=False):
    """A part of what is known about one attempt at an execution.

    `revision` is the sender's own version of this part (0 when not told): for each field a later one beats an
    earlier one. `ranks` are revisions of single fields of the execution itself, by name, where they differ from it;
    below 0 is what loses to all that is told. `placed_at` and `clock` are set by imports only, `is_imported` by imports
    of history. `commit` is the revision of the source that `release` was made from; without one it is an attribute.
    `schedule` is when the workflow starts, as cron writes it, in `schedule_zone`; without a workflow it says nothing.
    `items` is how many items of the request (spans, lines, runs) this report was made of. `is_computed_first`: of the
    costs of its steps the computed one counts, where it is known, and not the told one.
    """

    id: str
    attempt: int | None = None
    retry_of: str | None = None
    revision: int = 0
    ranks: dict[str, int] | None = None
    workflow: str | None = None
    workflow_type: str | None = None
    release: str | None = None
    commit: str | None = None
    environment: str | None = None
    trigger: str | None = None
    schedule: str | None = None
    schedule_zone: str | None = None
    input_type: str | None = None
    status: Status | None = None
    told_status: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    duration_ms: float | None = None
    parent_execution: str | None = None
    session: str | None = None
    user: str | None = None
    url: str | None = None
    error: Failure | None = None
    input: Any = None
    output: Any = None
    tags: dict[str, str] | None = None
    feedback: list[Feedback] | None = None
    resources: Resources | None = None
    tokens: Tokens | None = None
    cost_usd: Decimal | None = None
    attributes: dict[str, Any] | None = None
    steps: list[StepReport] | None = None
    logs: list[LogReport] | None = None
    placed_at: datetime | None = None
    clock: int = 0
    is_imported: bool = False
    items: int = 1
    is_computed_first: bool = False


class LooseLine(Struct, kw_only=True, gc=False):
    """A log line that belongs to no execution. Equal ones of a source at the same instant and position are one."""

    message: str
    at: datetime | None = None
    level: str | None = None
    labels: dict[str, str] | None = None
    position: int | None = None


class MetricPoint(Struct, kw_only=True, gc=False):
    """A number that a source measured itself. `kind` is gauge, counter or histogram (`value` is then the sum)."""

    name: str
    at: datetime
    value: float
    unit: str | None = None
    kind: str | None = None
    count: int | None = None
    labels: dict[str, str] | None = None


class Rejection(Struct, frozen=True, kw_only=True, gc=False):
    """Why an item was refused: its place in the request, the field, the reason with the limit; a redacted sample."""

    index: int
    field: str
    reason: str
    sample: str | None = None


class SamplingOrigin(StrEnum):
    """Where reports say that they are a sample. The value is kept in the database."""

    TRACE_STATE = "trace-state"
    ATTRIBUTE = "attribute"
    LANGSMITH = "langsmith"


class Rate(Struct, frozen=True, gc=False, order=True):
    """How often something is reported: once for `one_in` times, at least 1. `told` is what says so."""

    one_in: float
    origin: SamplingOrigin
    told: str


class Sampled(Struct, frozen=True, gc=False):
    """A workflow and the rate at which an execution of it says that it was sampled; 1 says that all are reported."""

    workflow: str
    rate: Rate


class Decoded(Struct, kw_only=True):
    """What an adapter read from one body: records with the places of their (first) items in it.

    `unknown` has the names of attributes that nothing understood, with the type of one value. `ignored` counts items
    that are known to say nothing (test spans, control messages). `sampled` is what executions say about sampling.
    """

    reports: list[tuple[int, ExecutionReport]] = []
    lines: list[tuple[int, LooseLine]] = []
    metrics: list[tuple[int, MetricPoint]] = []
    rejected: list[Rejection] = []
    unknown: dict[str, str] = {}
    ignored: int = 0
    sampled: list[Sampled] = []
