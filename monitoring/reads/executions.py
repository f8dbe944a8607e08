"""Lists of executions: every filter of `monitoring.filters`, keyset cursors, names resolved."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from monitoring.filters import Filters
from monitoring.models.execution import Clock
from monitoring.reads.figures import Tokens
from monitoring.statuses import Status

PAGE_SIZE = 50
COUNT_LIMIT = 10_000
SORTS = ("-time", "time", "-duration", "duration", "-cost", "cost")


@dataclass(frozen=True, slots=True)
class ExecutionRow:
    """An execution in a list, names resolved. None: not told. Times aware UTC, money US dollars.

    `counted_at` is where it counts (finish, else start, else placed by the import, else receipt); `error` is the
    message cut at 500 characters; `failed_node` the first failing leaf step's node.
    """

    id: UUID
    external_id: str
    attempt: int
    origin_id: UUID
    workflow_id: UUID | None
    workflow: str | None
    workflow_slug: str | None
    release: str | None
    environment: str
    trigger: str | None
    input_type: str | None
    status: Status
    started_at: datetime | None
    finished_at: datetime | None
    counted_at: datetime
    clock: Clock
    duration_ms: float | None
    error: str | None
    failed_node: str | None
    failure_group_id: UUID | None
    tokens: Tokens
    unpriced_tokens: int | None
    cost_usd: Decimal | None
    step_count: int
    failed_step_count: int
    retry_count: int
    url: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and cursors for the parameter `after` (empty: no such page)."""

    rows: list[ExecutionRow]
    next: str
    previous: str


def page(team_id: UUID, filters: Filters, *, limit: int = PAGE_SIZE) -> Page:
    """One page of executions. `filters.sort` is one of `SORTS` (newest first when it is not), `filters.after` a cursor.

    `env` absent means production, as everywhere on pages; `env=*` all. A cursor that cannot be read is the first page.
    `q` finds external ids that start with it and error texts that contain it.
    """
    raise NotImplementedError


def count(team_id: UUID, filters: Filters, *, limit: int = COUNT_LIMIT) -> int:
    """How many executions the filters find, counted up to `limit + 1`: more than `limit` means "10,000+"."""
    raise NotImplementedError
