"""What each metric over a window is made of, and its value: figures as `monitoring.reads.figures` defines them.

A value comes with its samples: the runs (in a step dimension the visits) that stand behind it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from alerts.analysis.catalogue import Scope
from monitoring.identity import LabelKind
from monitoring.models import Dimension
from monitoring.reads.figures import Totals
from monitoring.reads.rollup_rows import TOKENS

Value = tuple[float | None, int]


@dataclass(frozen=True, slots=True)
class Measure:
    """The rollup columns that a metric needs, whether it needs histograms, and how it is told from the totals."""

    columns: tuple[str, ...]
    of: Callable[[Totals], Value]
    is_timed: bool = False


def _share(part: float | Decimal | None, of: int) -> float | None:
    return float(part) / of if part is not None and of else None


def _error_rate(totals: Totals) -> Value:
    """What the success rate leaves; from counts, so that five of a hundred are exactly 5 %."""
    failures = totals.rated - (totals.succeeded - totals.unrated_succeeded)
    return _share(failures, totals.rated), totals.rated


def _percentile(share: float) -> Measure:
    def value(totals: Totals) -> Value:
        return totals.percentile_ms(share), totals.timed_runs

    return Measure(("duration_count", "duration_sum_ms"), value, is_timed=True)


def _per_run(columns: tuple[str, ...], told: Callable[[Totals], float | Decimal | None]) -> Measure:
    def value(totals: Totals) -> Value:
        return _share(told(totals), totals.runs), totals.runs

    return Measure(("runs", *columns), value)


def _sum(columns: tuple[str, ...], told: Callable[[Totals], float | Decimal | None]) -> Measure:
    """No runs use nothing; runs of which nobody told what they used are unknown."""

    def value(totals: Totals) -> Value:
        used = told(totals)
        if used is None:
            return (None, totals.runs) if totals.runs else (0.0, 0)
        return float(used), totals.runs

    return Measure(("runs", *columns), value)


_RATED = ("succeeded", "failed", "timed_out")
_USED_TOKENS = tuple(column for column in TOKENS if column != "reasoning_tokens")
MEASURES: dict[str, Measure] = {
    "error_rate": Measure(_RATED, _error_rate),
    "failures": Measure(("runs", *_RATED), lambda totals: (float(totals.failures), totals.runs)),
    "runs": Measure(("runs",), lambda totals: (float(totals.runs), totals.runs)),
    "duration_p50": _percentile(0.5),
    "duration_p95": _percentile(0.95),
    "duration_p99": _percentile(0.99),
    "duration_avg": Measure(
        ("duration_count", "duration_sum_ms"),
        lambda totals: (totals.duration_ms.avg, totals.timed_runs),
        is_timed=True,
    ),
    "retry_rate": _per_run(("retries",), lambda totals: totals.retries),
    "unmet_rate": Measure(("checked", "unmet"), lambda totals: (_share(totals.unmet, totals.checked), totals.checked)),
    "tokens": _sum(_USED_TOKENS, lambda totals: totals.tokens.total),
    "tokens_per_run": _per_run(_USED_TOKENS, lambda totals: totals.tokens.total),
    "cost_usd": _sum(("cost_usd",), lambda totals: totals.cost_usd),
    "cost_per_run_usd": _per_run(("cost_usd",), lambda totals: totals.cost_usd),
    "api_calls": _sum(("api_calls",), lambda totals: totals.api_calls),
    "peak_memory_bytes": Measure(
        ("runs", "peak_memory_bytes"),
        lambda totals: (
            None if totals.peak_memory_bytes is None else float(totals.peak_memory_bytes),
            totals.runs,
        ),
    ),
    "storage_bytes": _sum(("storage_bytes",), lambda totals: totals.storage_bytes),
    "memory_share": Measure(("runs", "memory_share"), lambda totals: (totals.memory_share, totals.runs)),
    "storage_share": Measure(("runs", "storage_share"), lambda totals: (totals.storage_share, totals.runs)),
}

# How rollups keep what a rule may be split by, and what its values are the names of.
DIMENSIONS: dict[str, tuple[Dimension, LabelKind]] = {
    Scope.NODE: (Dimension.NODE, LabelKind.NODE),
    Scope.MODEL: (Dimension.MODEL, LabelKind.MODEL),
    Scope.PROVIDER: (Dimension.PROVIDER, LabelKind.PROVIDER),
    Scope.SYSTEM: (Dimension.SYSTEM, LabelKind.SYSTEM),
    Scope.TOOL: (Dimension.TOOL, LabelKind.TOOL),
    Scope.RELEASE: (Dimension.RELEASE, LabelKind.RELEASE),
    Scope.TRIGGER: (Dimension.TRIGGER, LabelKind.TRIGGER),
    Scope.ERROR: (Dimension.ERROR, LabelKind.ERROR),
    Scope.INPUT_TYPE: (Dimension.INPUT_TYPE, LabelKind.INPUT_TYPE),
}
