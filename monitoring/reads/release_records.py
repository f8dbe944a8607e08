"""What rollups by release cannot tell, from the executions themselves: spreads of cost, tokens and retries, which nodes
the runs visit, and their failure groups.

Executions are read in a window, in one environment (None: all). Of many only a random part is read, and it is said.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.statements import run_planned
from monitoring.analysis.difference import Moments
from monitoring.identity import LabelKind, label_id
from monitoring.reads.labels import label_values
from monitoring.reads.samples import below, rate_for
from monitoring.statuses import FAILING, RATED, Status
from monitoring.windows import Window

# At most so many executions of a release are read for spreads, and of its newest ones the steps.
MAX_RECORDS = 50_000
MAX_PATHS = 500
_NUMBERS = "count({0}), coalesce(sum({0}), 0)::float8, coalesce(sum(({0})::float8 ^ 2), 0)::float8"
_TOKENS = "coalesce(input_tokens, cache_read_tokens, cache_write_tokens, output_tokens)"
_ALL_TOKENS = f"""CASE WHEN {_TOKENS} IS NOT NULL THEN coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0)
    + coalesce(cache_write_tokens, 0) + coalesce(output_tokens, 0) END"""
_RETRIES = "retry_count + (attempt > 1)::int"
_OF_RELEASE = """FROM execution WHERE team_id = %(team)s AND workflow_id = %(workflow)s
    AND counted_at >= %(start)s AND counted_at < %(end)s AND release_id = %(release)s {environment}"""
_ENDED = f"AND status IN ({', '.join(str(int(status)) for status in sorted(RATED))})"
_FAILED = f"AND status IN ({', '.join(str(int(status)) for status in sorted(FAILING))})"
_MOMENTS = f"""SELECT count(*), {_NUMBERS.format("cost_usd")}, {_NUMBERS.format(_ALL_TOKENS)},
    {_NUMBERS.format(_RETRIES)} {_OF_RELEASE} AND {{sample}}"""
_GROUPS = f"""SELECT failure_group_id, count(*), min(counted_at), max(counted_at) {_OF_RELEASE} {_FAILED}
    AND failure_group_id IS NOT NULL GROUP BY 1"""
# Steps come by key for each execution; OFFSET 0 keeps the planner from scanning whole days.
_PATHS = f"""
WITH run AS MATERIALIZED (
    SELECT id, retention_class, anchor_day {_OF_RELEASE} {_ENDED} AND step_count > 0
    ORDER BY counted_at DESC, id DESC LIMIT {MAX_PATHS}
), visit AS MATERIALIZED (
    SELECT run.id AS run, s.node_id, lead(s.node_id) OVER (
        PARTITION BY run.id, s.parent_id ORDER BY s.position, s.started_at, s.id) AS next
    FROM run CROSS JOIN LATERAL (SELECT * FROM step s WHERE s.team_id = %(team)s AND s.execution_id = run.id
        AND s.retention_class = run.retention_class AND s.anchor_day = run.anchor_day
        AND s.node_id IS NOT NULL AND s.status IS DISTINCT FROM {Status.SKIPPED:d} OFFSET 0) AS s
)
SELECT NULL::bigint, NULL::bigint, count(*) FROM run
UNION ALL SELECT node_id, NULL, count(DISTINCT run) FROM visit GROUP BY 1
UNION ALL SELECT node_id, next, count(DISTINCT run) FROM visit WHERE next IS NOT NULL GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class ReleaseCut:
    """The executions of one release of a workflow that count in a window, in one environment (None: all)."""

    team_id: UUID
    workflow_id: UUID
    release: str
    window: Window
    environment: str | None

    def fill(self, sql: str, **pieces: str) -> tuple[str, dict[str, Any]]:
        """The statement and its parameters."""
        environment = "" if self.environment is None else "AND environment_id = %(environment)s"
        told = {
            "team": self.team_id,
            "workflow": self.workflow_id,
            "start": self.window.start,
            "end": self.window.end,
            "release": label_id(LabelKind.RELEASE, self.release),
            "environment": label_id(LabelKind.ENVIRONMENT, self.environment) if self.environment else None,
        }
        return sql.format(environment=environment, **pieces), told


@dataclass(frozen=True, slots=True)
class Spreads:
    """Cost (US dollars), tokens and retries of the executions that were read: `runs` of them, one in `rate` of all.

    Cost and tokens are what was told, over all of them, as the page of the releases has it.
    """

    runs: int
    rate: int
    cost: Moments
    tokens: Moments
    retries: Moments


@dataclass(frozen=True, slots=True)
class Paths:
    """The newest `runs` finished executions with steps: how many of them visit each node, and go from one to the next.

    A step goes to the next one under the same parent, in the order in which they ran.
    """

    runs: int
    nodes: dict[str, int]
    transitions: dict[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class GroupFailures:
    """Failures of one group in a cut."""

    failures: int
    first_at: datetime
    last_at: datetime


def spreads_of(cut: ReleaseCut, runs: int) -> Spreads:
    """Sums and squares; `runs` is how many executions there are about, of the whole workflow."""
    rate = rate_for(runs, MAX_RECORDS)
    ((found, *told),) = run_planned(*cut.fill(_MOMENTS, sample=below(rate)))
    cost, tokens, retries = (_over_all(found, *told[place : place + 3]) for place in (0, 3, 6))
    return Spreads(found, rate, cost, tokens, retries)


def _over_all(runs: int, told: int, total: float, squares: float) -> Moments:
    """What was told, over all runs: a run that told nothing has used nothing that is known. Nothing where none told."""
    return Moments(runs, total, squares) if told else Moments(0, 0.0, 0.0)


def paths_of(cut: ReleaseCut) -> Paths:
    """The nodes and transitions of the newest executions."""
    rows = run_planned(*cut.fill(_PATHS))
    names = label_values(cut.team_id, {number for row in rows for number in row[:2]})
    runs, nodes, transitions = 0, dict[str, int](), dict[tuple[str, str], int]()
    for node, following, count in rows:
        if node is None:
            runs = count
        elif following is None:
            nodes[names.get(node, str(node))] = count
        else:
            transitions[names.get(node, str(node)), names.get(following, str(following))] = count
    return Paths(runs, nodes, transitions)


def group_failures(cut: ReleaseCut) -> dict[UUID, GroupFailures]:
    """The failures of each group."""
    return {row[0]: GroupFailures(*row[1:]) for row in run_planned(*cut.fill(_GROUPS))}
