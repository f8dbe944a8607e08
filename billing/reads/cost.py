"""What was spent: the one definition of each number of costs, for pages, API, CSV, budgets and alerts.

- cost: all lines that count on these days, of every entry (usage, price changes, corrections, credits ...).
- waste: the cost of what failed, was retried, or came after the divergence (`CostOutcome`).
- tokens and calls: those of usage alone; a correction or a price change uses nothing.
- useful: usage and its price changes that are no waste; `settled`: corrections, adjustments, credits and commitments.
So cost = useful + waste + settled, to the last digit. NULL is not known and adds nothing; a sum of nothing known is
None.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from accounts.statements import Row, run_planned
from billing.analysis.periods import Days, months_in
from billing.analysis.sums import add_up
from billing.models import CostDimension, CostGrain, CostOutcome, Entry
from billing.reads.cost_cut import CostCut, Ids, Part, cover, daily, single

WASTED = (CostOutcome.FAILED, CostOutcome.RETRIED, CostOutcome.AFTER_DIVERGENCE)
USED = (Entry.USAGE, Entry.ALLOCATED)
# What changes the price of usage, not the usage.
PRICING = (*USED, Entry.RE_RATED)


def _of(choices: Iterable[int]) -> str:
    return f"({', '.join(str(int(one)) for one in choices)})"


_TOKENS = """CASE WHEN COALESCE(input_tokens, cache_read_tokens, cache_write_tokens, output_tokens) IS NOT NULL THEN
    COALESCE(input_tokens, 0) + COALESCE(cache_read_tokens, 0) + COALESCE(cache_write_tokens, 0)
    + COALESCE(output_tokens, 0) END"""
_IS_USED = f"entry IN {_of(USED)}"
_IS_USEFUL = f"outcome NOT IN {_of(WASTED)}"
_SUMS = f"""sum(cost_usd), {", ".join(f"sum(cost_usd) FILTER (WHERE outcome = {one.value})" for one in WASTED)},
    sum(cost_usd) FILTER (WHERE {_IS_USEFUL} AND entry IN {_of(PRICING)}),
    sum(cost_usd) FILTER (WHERE {_IS_USEFUL} AND entry NOT IN {_of(PRICING)}),
    sum({_TOKENS}) FILTER (WHERE {_IS_USED})::bigint,
    (sum({_TOKENS}) FILTER (WHERE {_IS_USED} AND {_IS_USEFUL})
        - sum(unpriced_tokens) FILTER (WHERE {_IS_USED} AND {_IS_USEFUL}))::bigint,
    COALESCE(sum(unpriced_tokens) FILTER (WHERE {_IS_USED}), 0)::bigint,
    COALESCE(sum(calls) FILTER (WHERE {_IS_USED}), 0)::bigint, sum(told_usd), sum(priced_usd), sum(difference_usd)"""
# The same without usage: what lists of hundreds of names show. What is not asked for is not added up.
_MONEY = f"""sum(cost_usd), {", ".join(f"sum(cost_usd) FILTER (WHERE outcome = {one.value})" for one in WASTED)}"""
_UNPRICED = f"COALESCE(sum(unpriced_tokens) FILTER (WHERE {_IS_USED}), 0)::bigint"
_READ = """cost_usd, outcome, entry, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens,
    unpriced_tokens, calls, told_usd, priced_usd, difference_usd"""


class Figures(NamedTuple):
    """Sums of lines. US dollars; None: nothing is known.

    `priced_tokens` are useful ones that have a price; `difference_usd` is told less computed, of lines that have both.
    """

    cost_usd: Decimal | None = None
    failed_usd: Decimal | None = None
    retried_usd: Decimal | None = None
    diverged_usd: Decimal | None = None
    useful_usd: Decimal | None = None
    settled_usd: Decimal | None = None
    tokens: int | None = None
    priced_tokens: int | None = None
    unpriced_tokens: int = 0
    calls: int = 0
    told_usd: Decimal | None = None
    priced_usd: Decimal | None = None
    difference_usd: Decimal | None = None

    @property
    def waste_usd(self) -> Decimal | None:
        """What failed runs, retries and steps after the divergence cost; 0 where all cost is known to be useful."""
        told = [one for one in (self.failed_usd, self.retried_usd, self.diverged_usd) if one is not None]
        if not told:
            return None if self.cost_usd is None else Decimal(0)
        return add_up(told)

    @property
    def waste_share(self) -> float | None:
        """Waste out of all cost; None where either is missing, or the cost is not above 0."""
        waste = self.waste_usd
        return float(waste / self.cost_usd) if waste is not None and self.cost_usd and self.cost_usd > 0 else None


NOTHING = Figures()


def together(parts: Iterable[Figures]) -> Figures:
    """The sums of disjoint sets of lines."""
    columns = list(zip(*parts, strict=True))
    if not columns:
        return NOTHING
    return Figures(**{name: _known_sum(column) for name, column in zip(Figures._fields, columns, strict=True)})


def _known_sum(column: Sequence[Any]) -> Any:
    told = [one for one in column if one is not None]
    if not told:
        return None
    return add_up(told) if isinstance(told[0], Decimal) else sum(told)


BY_MONTH = "date_trunc('month', bucket)::date"
# Keys of rows by what they are grouped by; those of one further dimension are its `value_id`.
KEYS = {
    "workflow": "workflow_id",
    "provider": "provider_id",
    "model": "model_id",
    "kind": "kind",
    "environment": "environment_id",
    "entry": "entry",
    "outcome": "outcome",
}
FURTHER = {
    "release": CostDimension.RELEASE,
    "node": CostDimension.NODE,
    "tag": CostDimension.TAG,
    "system": CostDimension.SYSTEM,
}


@dataclass(slots=True)
class _Query:
    """A statement and its values."""

    values: dict[str, Any] = field(default_factory=dict)

    def bind(self, value: Any) -> str:
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f"%({name})s"


def dimension_for(cut: CostCut, keys: Sequence[str]) -> CostDimension:
    """The rows that answer with the fewest: summaries where neither filters nor keys need what they add up over."""
    if cut.further is not None:
        return cut.further
    used = {*cut.columns(), *(name for name in KEYS.values() if name in keys)}
    if "workflow_id" not in used:
        return CostDimension.MODELS
    return CostDimension.NONE if used & {"provider_id", "model_id", "kind"} else CostDimension.WORKFLOWS


def group(cut: CostCut, parts: Sequence[Part], keys: Sequence[str], *, sums: str = _SUMS) -> list[Row]:
    """Rows of `keys` (SQL over `side`, `bucket` and the columns of a rollup's key), then the sums, in no order.

    With the usual sums a row is the keys and a `Figures`.
    """
    if not parts:
        return []
    query = _Query()
    dimension, named = dimension_for(cut, keys), [name for name in (*KEYS.values(), "value_id") if name in keys]
    condition = _conditions(cut, query)
    read = ", ".join(dict.fromkeys((*named, *(name.strip() for name in _READ.split(",")))))
    sums_up = dimension is CostDimension.WORKFLOWS and not any("bucket" in key for key in keys)
    selects = " UNION ALL ".join(
        _to_date(part, condition, read, query, cut.team_id)
        if sums_up and part.is_from_first
        else f"""SELECT {part.side} AS side, bucket, {read} FROM cost_rollup
            WHERE {condition} AND grain = {part.grain.value} AND dimension = {dimension.value}
            AND bucket >= {query.bind(part.days.start)} AND bucket < {query.bind(part.days.end)}"""
        for part in parts
    )
    text = f"SELECT {', '.join((*keys, sums))} FROM ({selects}) AS part"
    rows = run_planned(f"{text} GROUP BY {', '.join(keys)}" if keys else text, query.values)
    if sums is not _SUMS:
        return rows
    width = len(keys)
    return [(*row[:width], Figures(*row[width:])) for row in rows]


def _to_date(part: Part, condition: str, read: str, query: _Query, team_id: UUID) -> str:
    """The last row to date of each workflow, environment, entry and outcome that the month has, inside these days."""
    start, end = query.bind(part.days.start), query.bind(part.days.end)
    return f"""SELECT {part.side} AS side, bucket, {read} FROM (
            SELECT workflow_id AS workflow, environment_id AS environment, entry AS for_entry,
                outcome AS for_outcome FROM cost_rollup
            WHERE {condition} AND grain = {CostGrain.MONTH.value} AND dimension = {CostDimension.WORKFLOWS.value}
            AND bucket = {start}) AS told CROSS JOIN LATERAL (
            SELECT * FROM cost_rollup WHERE team_id = {query.bind(team_id)} AND workflow_id = workflow
            AND grain = {CostGrain.DAY.value} AND dimension = {CostDimension.TO_DATE.value}
            AND environment_id = environment AND entry = for_entry AND outcome = for_outcome
            AND bucket >= {start} AND bucket < {end} ORDER BY bucket DESC LIMIT 1
        ) AS last"""


def group_money(cut: CostCut, parts: Sequence[Part], keys: Sequence[str]) -> list[Row]:
    """As `group`, but of the figures only cost, waste and unpriced tokens: several times faster over many rows."""
    rows = group(cut, parts, keys, sums=f"{_MONEY}, {_UNPRICED}")
    return [(*row[: len(keys)], _money_of(*row[len(keys) :])) for row in rows]


def _money_of(
    cost: Decimal | None, failed: Decimal | None, retried: Decimal | None, diverged: Decimal | None, unpriced: int
) -> Figures:
    return Figures(cost, failed, retried, diverged, unpriced_tokens=unpriced)


def _conditions(cut: CostCut, query: _Query) -> str:
    told = [f"team_id = {query.bind(cut.team_id)}"]
    for column, ids in cut.columns().items():
        kind = "uuid" if column == "workflow_id" else "bigint"
        if ids.wanted:
            told.append(f"{column} = ANY({query.bind(list(ids.wanted))}::{kind}[])")
        if ids.excluded:
            told.append(f"{column} <> ALL({query.bind(list(ids.excluded))}::{kind}[])")
    return " AND ".join(told)


def total(cut: CostCut, days: Days) -> Figures:
    """The figures of these days: what budgets and alerts ask for."""
    rows = group(cut, cover(days), ())
    return rows[0][0] if rows else NOTHING


def fixed_by_month(cut: CostCut, days: Days) -> Mapping[date, Decimal]:
    """What is paid by the month and shared out, by the first day of each month in these days, where it stands whole."""
    firsts = [day for day in months_in(days) if day in days]
    rows = group_money(replace(cut, entries=Ids((Entry.ALLOCATED.value,))), single(firsts), ("bucket",))
    return {day: figures.cost_usd for day, figures in rows if figures.cost_usd is not None}


def by_day(cut: CostCut, days: Days) -> Mapping[date, Figures]:
    """The figures of each day that has lines."""
    return dict(group(cut, daily(days.start, days.end), ("bucket",)))
