"""What the lists of executions share: filters to choose from, addresses of pages, the rows of an export."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.tenancy import team_context
from monitoring.filters import TITLES, Filters
from monitoring.presentation import FilterChoice
from monitoring.reads.executions import SORTS, ExecutionRow, Page, page
from monitoring.reads.groups import titles_of
from monitoring.templatetags.components import SIGNS
from monitoring.views.csv import MAX_ROWS
from monitoring.views.shell import Scope

CHOICE_ORDER = ("step", "error", "input", "system", "model", "tool", "release", "trigger")
EXPORT_PAGE = 1000
NO_GROUP = uuid.UUID(int=0)
FULL_HEADER = (
    *("Execution", "Attempt", "Workflow", "Status", "Started", "Duration, ms", "Error", "Step", "Input type"),
    *("Release", "Environment", "Trigger", "Tokens", "Cost, USD", "Met criteria"),
)
# Of failures to replay: the failed step is left out where all of them failed at one.
SAMPLE_HEADER = ("Execution", "Started", "Error", "Step", "Input type", "Release", "Duration, ms")

ORDER_WORDS = {
    "-time": gettext_noop("latest to finish first"),
    "time": gettext_noop("earliest to finish first"),
    "-duration": gettext_noop("slowest first"),
    "duration": gettext_noop("fastest first"),
    "-cost": gettext_noop("dearest first"),
    "cost": gettext_noop("cheapest first"),
}


def sort_in_force(filters: Filters) -> str:
    """The order of the rows: what the address says where that is one, else newest first."""
    return filters.sort if filters.sort in SORTS else "-time"


def filter_choices(values: Mapping[str, Sequence[str]], outcomes: Sequence[str]) -> list[FilterChoice]:
    """The filters that can be added: words of statuses (and `unmet`), then those with values that occur."""
    words = [(word, SIGNS[word].word) for word in outcomes]
    told = [(name, [(value, value) for value in values.get(name, ())]) for name in CHOICE_ORDER]
    others = [FilterChoice(name, _(TITLES[name]), options) for name, options in told if options]
    return [FilterChoice("status", _("Status"), words), *others]


def paging(scope: Scope, found: Page) -> dict[str, str]:
    """`previous_href` and `next_href` of a page of rows; empty where there is none."""
    href = scope.filters.query
    return {
        "previous_href": href(after=found.previous) + "#samples" if found.previous else "",
        "next_href": href(after=found.next) + "#samples" if found.next else "",
    }


def with_errors(team_id: uuid.UUID, rows: Sequence[ExecutionRow]) -> list[ExecutionRow]:
    """The rows, with the error of the failing step where the run itself told none. One query."""
    titles = titles_of(team_id, (row.failure_group_id for row in rows))
    return [row if row.error else replace(row, error=titles.get(row.failure_group_id or NO_GROUP)) for row in rows]


def exported(team_id: uuid.UUID, filters: Filters) -> Iterator[ExecutionRow]:
    """All rows that the filters find, page by page, one more than an export may hold. Opens its own team context."""
    count, after = 0, ""
    while count <= MAX_ROWS:
        with team_context(team_id):
            found = page(team_id, replace(filters, after=after), limit=EXPORT_PAGE)
            rows = with_errors(team_id, found.rows)
        yield from rows
        count, after = count + len(rows), found.next
        if not after:
            return


def full_cells(row: ExecutionRow) -> list[Any]:
    """A row as `FULL_HEADER` names its cells. Times are ISO 8601 UTC."""
    return [
        row.external_id,
        row.attempt,
        row.workflow,
        row.status.word,
        instant(row.started_at),
        milliseconds(row.duration_ms),
        row.error,
        row.failed_node,
        row.input_type,
        row.release,
        row.environment,
        row.trigger,
        row.tokens.total,
        row.cost_usd,
        "" if row.is_unmet is None else "no" if row.is_unmet else "yes",
    ]


def sample_header(*, has_step: bool) -> list[str]:
    """The names of a sample's cells."""
    return [name for name in SAMPLE_HEADER if has_step or name != "Step"]


def sample_cells(row: ExecutionRow, *, has_step: bool) -> list[Any]:
    """A row as `sample_header` names its cells."""
    step = [row.failed_node] if has_step else []
    told = [row.input_type, row.release, milliseconds(row.duration_ms)]
    return [row.external_id, instant(row.started_at), row.error, *step, *told]


def as_json(row: ExecutionRow) -> dict[str, Any]:
    """A row as JSON; names as in the API."""
    return {
        "id": str(row.id),
        "external_id": row.external_id,
        "attempt": row.attempt,
        "workflow": row.workflow,
        "status": row.status.word,
        "is_unmet": row.is_unmet,
        "started_at": instant(row.started_at) or None,
        "finished_at": instant(row.finished_at) or None,
        "duration_ms": row.duration_ms,
        "error": row.error,
        "step": row.failed_node,
        "input_type": row.input_type,
        "release": row.release,
        "environment": row.environment,
        "trigger": row.trigger,
        "tokens": row.tokens.total,
        "cost_usd": money(row.cost_usd),
    }


def instant(at: datetime | None) -> str:
    """A time for machines: ISO 8601 UTC, empty where not told."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if at else ""


def milliseconds(value: float | None) -> str:
    """A duration for machines."""
    return "" if value is None else f"{value:.0f}"


def money(value: Decimal | None) -> str | None:
    """An amount for machines, without an exponent."""
    return None if value is None else f"{value:f}"
