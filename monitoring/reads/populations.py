"""Which executions a concentration is about: failed ones, or slow, expensive, retried ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from monitoring.analysis.arrays import Booleans, Reals, np
from monitoring.reads.samples import Runs
from monitoring.statuses import FAILING, UNMET

Mask = Booleans
# A run is slow or expensive when it reaches what this share of the runs stay below.
HIGH_SHARE = 0.95
FAILING_NUMBERS = [int(status) for status in FAILING]


@dataclass(frozen=True, slots=True)
class Population:
    """A kind of executions to look at: `word` in addresses, `adjective` as in "failed runs".

    `which` tells those of a sample of all runs; `at` the step runs at which it happened in them. `param` is the query
    parameter that finds them, with `value`, or `limit` where they are above one.
    """

    word: str
    adjective: str
    definition: str
    which: Callable[[Runs], Mask]
    at: Callable[[Runs], Mask]
    param: str
    value: str = ""
    limit: Callable[[Runs], float | None] = lambda _: None


def _failed(runs: Runs) -> Mask:
    return np.isin(runs.columns["status"], FAILING_NUMBERS)


def high_from(values: Reals) -> float | None:
    """The p95 of the told values; None when none is told, or when it is what half of them have anyway."""
    told = values[~np.isnan(values)]
    if not len(told):
        return None
    limit, middle = np.quantile(told, (HIGH_SHARE, 0.5), method="higher")
    return float(limit) if limit > middle else None


def _high(values: Reals) -> Mask:
    limit = high_from(values)
    found: Mask = values >= limit if limit is not None else np.zeros(len(values), dtype=np.bool_)
    return found


def _greatest_of_run(steps: Runs, values: Reals) -> Mask:
    """Of each run the step with the greatest told value, the first one of equals. Steps that hold others are none."""
    is_leaf = ~np.isin(steps.columns["id"], steps.columns["parent"])
    told = np.nonzero(~np.isnan(values) & is_leaf)[0]
    order = told[np.lexsort((told, -values[told], steps.key[told]))]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = steps.key[order][1:] != steps.key[order][:-1]
    mask = np.zeros(len(steps), dtype=np.bool_)
    mask[order[first]] = True
    return mask


POPULATIONS: Mapping[str, Population] = {
    one.word: one
    for one in (
        Population("failed", "failed", "Runs that failed or timed out", _failed, _failed, "status"),
        Population(
            "slow",
            "slow",
            "The slowest runs in this range, from its p95 on,",
            lambda runs: _high(runs.duration_ms),
            lambda steps: _greatest_of_run(steps, steps.duration_ms),
            "slower",
            limit=lambda runs: high_from(runs.duration_ms),
        ),
        Population(
            "expensive",
            "expensive",
            "The dearest runs in this range, from the p95 of cost on,",
            lambda runs: _high(runs.cost_usd),
            lambda steps: _greatest_of_run(steps, steps.cost_usd),
            "costlier",
            limit=lambda runs: high_from(runs.cost_usd),
        ),
        Population(
            "retried",
            "retried",
            "Runs that are retries or had retried steps",
            lambda runs: runs.columns["retries"] > 0,
            lambda steps: steps.columns["attempt"] > 1,
            "retried",
            "yes",
        ),
        Population(
            "unmet",
            "unmet",
            "Runs that succeeded without meeting the success criteria",
            lambda runs: runs.columns["unmet"] > 0,
            lambda steps: np.zeros(len(steps), dtype=np.bool_),
            "status",
            UNMET,
        ),
    )
}
FAILED = POPULATIONS["failed"]
