"""What a replay is made of, as plain values. None means "not told" everywhere."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgspec

from monitoring.models import Workflow
from monitoring.models.execution import Clock
from monitoring.reads.figures import Tokens
from monitoring.statuses import FAILING, UNMET, Status

NAMELESS = "step without a name"
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRecord:
    """One execution with its names. Durations in ms, sizes in bytes, `cost_usd` in US dollars.

    `error` is the message, `error_kind` the normalised one that groups are made by; `failed_node` the node of the
    first failed step. `is_unmet` says whether it succeeded without meeting the success criteria of its workflow,
    `unmet_criteria` are the ids of those. `told_cost_usd` is the cost told for the whole; `needs_review`: what its
    steps tell of usage does not fit together.
    """

    id: uuid.UUID
    external_id: str
    attempt: int
    origin_id: uuid.UUID
    parent_execution_id: uuid.UUID | None
    workflow_id: uuid.UUID | None
    workflow: str | None
    workflow_slug: str | None
    is_sample: bool
    release: str | None
    environment: str | None
    environment_id: int
    trigger: str | None
    input_type: str | None
    status: Status
    started_at: datetime | None
    finished_at: datetime | None
    placed_at: datetime | None
    received_at: datetime
    counted_at: datetime
    clock: int
    duration_ms: float | None
    error: str | None
    error_kind: str | None
    failed_node: str | None
    failure_group_id: uuid.UUID | None
    url: str | None
    tokens: Tokens
    unpriced_tokens: int | None
    cost_usd: Decimal | None
    api_call_count: int | None
    peak_memory_bytes: int | None
    memory_limit_bytes: int | None
    storage_bytes: int | None
    storage_limit_bytes: int | None
    step_count: int
    failed_step_count: int
    retry_count: int
    is_imported: bool
    is_unmet: bool | None
    unmet_criteria: Sequence[str] | None
    told_cost_usd: Decimal | None
    needs_review: bool

    @property
    def has_clock(self) -> bool:
        """Whether the sender told when it ran."""
        return self.clock != Clock.PLACED and (self.started_at or self.finished_at) is not None

    @property
    def is_shifted(self) -> bool:
        """Whether its times were moved, as those of the sample are."""
        return self.clock == Clock.SHIFTED

    @property
    def has_failed(self) -> bool:
        """Whether it ended in failure."""
        return self.status in FAILING

    @property
    def outcome(self) -> str:
        """The word that says how it ended: its status, or `unmet`."""
        return UNMET if self.is_unmet else self.status.word


class StepRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One step: a struct, as an execution may have thousands. `number` counts from 1 in the order of the execution;
    `external_id` is the sender's own id.

    `cost_usd` is what counts: the told or the computed one. `usage_detail` as in `monitoring.models.step`; what
    `is_covered` is told again by steps below. `payload` holds `input`, `output`, `attributes` and `usage` as far as
    they were told (and may be shown).
    """

    id: int
    number: int = 0
    external_id: str | None
    parent_id: int | None
    parent_external_id: str | None
    position: int | None
    attempt: int
    node: str | None
    kind: str | None
    status: Status | None
    told_status: str | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_ms: float | None
    error: str | None
    error_type: str | None
    error_detail: Any
    provider: str | None
    model: str | None
    tool: str | None
    system: str | None
    tokens: Tokens
    cost_usd: Decimal | None
    told_cost_usd: Decimal | None
    computed_cost_usd: Decimal | None
    price_id: int | None
    usage_detail: Mapping[str, Any] = NOTHING
    is_covered: bool = False
    payload: Mapping[str, Any] = NOTHING

    @property
    def name(self) -> str:
        """What to call it on a page."""
        return self.node or self.tool or self.model or self.kind or NAMELESS

    @property
    def has_failed(self) -> bool:
        """Whether it ended in failure."""
        return self.status in FAILING

    @property
    def word(self) -> str:
        """Its status as a word; `unknown` where none was told."""
        return (self.status or Status.UNKNOWN).word


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A line of the log; `step_id` is None for a line of the execution itself."""

    id: int
    step_id: int | None
    logged_at: datetime | None
    position: int | None
    level: str | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """Another execution that belongs to this one."""

    id: uuid.UUID
    external_id: str
    attempt: int
    origin_id: uuid.UUID
    parent_execution_id: uuid.UUID | None
    workflow_id: uuid.UUID | None
    status: Status
    counted_at: datetime
    started_at: datetime | None
    duration_ms: float | None


@dataclass(frozen=True, slots=True)
class Deleted:
    """When a payload was deleted, and by the limit of how many days."""

    at: datetime
    limit_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """An execution with its steps in order and its log.

    `payload` is what the execution itself carried: input, output, attributes, tags, feedback, error, session, user,
    each only when told. `has_payloads` is False when they were not asked for, `is_expired` when the retention rule
    has deleted steps, payload and log. `version` is another text whenever more was told.
    """

    execution: ExecutionRecord
    steps: Sequence[StepRecord]
    logs: Sequence[LogRecord]
    payload: Mapping[str, Any]
    workflow: Workflow | None = None
    has_payloads: bool = True
    is_expired: bool = False
    deleted: Deleted | None = None
    is_held: bool = False
    more_logs: bool = False
    # When it was written says nothing about what was told.
    version: str = field(default="", compare=False)
