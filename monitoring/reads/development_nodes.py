"""The nodes of the Development page: which fail most, and which are the slowest, beside the period before.

Figures are those of rollups by node.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from monitoring.analysis.histogram import Histogram, percentile
from monitoring.models import Dimension
from monitoring.reads.development import Named, Where
from monitoring.reads.labels import label_values
from monitoring.reads.rollup_rows import Slice, segments, sum_rows
from monitoring.reads.sent_histograms import read_histogram
from monitoring.windows import Window

# With fewer visits a percentile is one visit's.
FEWEST_TIMED = 5
# Histograms are most of the work: they are read of so many times as many nodes as are shown, the slowest on average.
CANDIDATES = 3
_SUMS = ("runs", "succeeded", "failed", "timed_out", "duration_count", "duration_sum_ms")


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits of a node: all, succeeded, failed or timed out; those whose duration is known, and how long these took
    together. `histogram` is None where it was not read."""

    visits: int = 0
    succeeded: int = 0
    failures: int = 0
    timed: int = 0
    spent_ms: float = 0.0
    histogram: Histogram | None = None

    @property
    def failed_share(self) -> float | None:
        """Failed and timed-out visits out of the finished ones; None without a finished one."""
        ended = self.succeeded + self.failures
        return self.failures / ended if ended else None

    @property
    def mean_ms(self) -> float:
        """The average of the visits whose duration is known; 0 with fewer than five."""
        return self.spent_ms / self.timed if self.timed >= FEWEST_TIMED else 0.0

    @property
    def p95_ms(self) -> float | None:
        """Of the visits whose duration is known, within 2 %; None with fewer than five."""
        return percentile(self.histogram, 0.95) if self.histogram and self.timed >= FEWEST_TIMED else None


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node of a workflow in the window and in the period before. `share` is its part of all failed visits."""

    workflow: Named
    name: str
    now: Visits
    before: Visits
    share: float | None

    @property
    def failed_share(self) -> float | None:
        """Failed visits out of finished ones; None where only failures are reported, or none finished."""
        return None if self.workflow.is_failures_only else self.now.failed_share

    @property
    def failed_share_before(self) -> float | None:
        """The same of the period before."""
        return None if self.workflow.is_failures_only else self.before.failed_share


@dataclass(frozen=True, slots=True)
class Nodes:
    """Nodes with failed visits, most first; nodes whose p95 is known, the slowest first; how many nodes had visits."""

    failing: Sequence[NodeRow]
    slow: Sequence[NodeRow]
    count: int


def nodes_of(where: Where, limit: int) -> Nodes:
    """The nodes that fail most and the slowest, at most `limit` each. Four queries.

    The slowest by p95 are looked for among three times as many that are the slowest on average.
    """
    now = {key: one for key, one in _visits(where, where.window, None).items() if key[0] in where.workflows}
    failing = sorted((key for key, one in now.items() if one.failures), key=lambda key: (-now[key].failures, key))
    long = sorted((key for key, one in now.items() if one.mean_ms), key=lambda key: (-now[key].mean_ms, key))
    long = long[: CANDIDATES * limit]
    now |= _visits(where, where.window, long)
    slow = sorted(long, key=lambda key: (-(now[key].p95_ms or 0), key))[:limit]
    kept = {*failing[:limit], *slow}
    before = _visits(where, where.window.previous(), kept)
    names = label_values(where.team_id, {value for _, value in kept})
    failed = sum(one.failures for one in now.values())

    def row(key: tuple[UUID, int]) -> NodeRow:
        share = now[key].failures / failed if failed else None
        name = names.get(key[1], str(key[1]))
        return NodeRow(where.workflows[key[0]], name, now[key], before.get(key, Visits()), share)

    return Nodes([row(key) for key in failing[:limit]], [row(key) for key in slow], len(now))


def _visits(where: Where, window: Window, nodes: Collection[tuple[UUID, int]] | None) -> dict[tuple[UUID, int], Visits]:
    """Visits by workflow and node: of all nodes (None) without histograms, of these with them."""
    pairs = None if nodes is None else sorted(nodes)
    which = Slice(where.only, where.environment, Dimension.NODE, pairs=pairs)
    parts = segments(window.aligned(), where.marked)
    is_timed = pairs is not None
    rows = sum_rows(where.team_id, which, parts, ("workflow_id", "value_id"), _SUMS, is_timed=is_timed)
    return {
        (workflow, node): Visits(
            visits=runs,
            succeeded=succeeded,
            failures=failed + timed_out,
            timed=timed,
            spent_ms=spent,
            histogram=read_histogram(*bins) if is_timed else None,
        )
        for workflow, node, runs, succeeded, failed, timed_out, timed, spent, *bins in rows
    }
