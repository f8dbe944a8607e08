"""What failed (or slow, expensive, retried) runs have in common: values and combinations, against all runs.

Runs, and the step runs in them, are read as columns: all of them where they are few, else a random part, which the
answer says. The number of queries does not depend on the number of rows.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from accounts.statements import run_planned
from monitoring.analysis.arrays import np
from monitoring.analysis.concentration import Finding, Reach
from monitoring.analysis.explanation import Combination, Explanation, Row, explain
from monitoring.analysis.leaf_table import Codes, LeafTable
from monitoring.filters import Filters
from monitoring.models import Workflow
from monitoring.reads.failures import failing, failing_filters, run_filters
from monitoring.reads.kinds import KINDS, STEP_KINDS
from monitoring.reads.labels import label_values
from monitoring.reads.leaves import Column, Sides, facet_columns, label_column, of_their_runs, table_of, values_of
from monitoring.reads.matching import conditions
from monitoring.reads.populations import FAILED, Population
from monitoring.reads.samples import Numbers, Runs, rate_for, read_runs, read_steps
from monitoring.windows import Window

# At most so many executions in question, runs to compare with, and runs whose steps are compared are read.
MAX_FAILURES = 4_000
MAX_RUNS = 4_000
MAX_STEPPED = 500
EXECUTIONS, STEPS, ERRORS = range(3)
# Parts of the window in which rows are counted.
POINTS = 28
RUN_LABELS = ("input", "release", "trigger", "environment")


HOURS = {hour + 1: f"{hour:02d}:00\N{EN DASH}{(hour + 1) % 24:02d}:00" for hour in range(24)}
NO_EXPLANATION = Explanation(Reach.SPREAD, 0, 0)
_ERRORS = """SELECT coalesce(error_id, 0), coalesce(failed_node_id, 0), count(*) FROM ({failing}) f GROUP BY 1, 2"""


@dataclass(frozen=True, slots=True)
class _Table:
    """A table to explain, with the codes and the times (minutes since 1970) of the rows in question."""

    leaf: LeafTable
    codes: Codes
    minutes: Numbers

    def parts(self, window: Window) -> Numbers:
        """For each row in question the part of the window that it lies in, from 0 to `POINTS` - 1."""
        start, end = window.start.timestamp() / 60, window.end.timestamp() / 60
        found: Numbers = np.clip((self.minutes - start) * POINTS // (end - start), 0, POINTS - 1).astype(np.int64)
        return found

    def points(self, combination: Combination, parts: Numbers) -> list[int]:
        """How many rows in question have all values of a combination, in each part of the window."""
        mask = np.ones(len(self.codes), dtype=np.bool_)
        for attribute, value in combination:
            place = list(self.leaf.attributes).index(attribute)
            mask &= self.codes[:, place] == list(self.leaf.values[place]).index(value)
        found: list[int] = np.bincount(parts[mask], minlength=POINTS).tolist()
        return found


@dataclass(frozen=True, slots=True)
class Shared:
    """What runs have in common; `points` are the runs in question that have it, in equal parts of the window."""

    row: Row
    points: Sequence[int]

    @property
    def finding(self) -> Finding:
        """The figures of the row."""
        return self.row.finding


@dataclass(frozen=True, slots=True)
class Concentration:
    """What `failures` executions of a population share; `looked_at` of them were read, `runs` to compare with.

    `explanation` is the smallest set of combinations that explains most; `shared` are values and combinations with
    their figures, the most striking first; `compared` were looked at together. `run_rate`: one run in so many was
    read. `limit` is what slow runs took at least (ms), or expensive ones cost at least (US dollars). `course` are
    the executions in question in equal parts of the window, each counted for the ones that it stands for.
    `is_alone`: only failures are reported, so there are no other runs to compare them with.
    """

    population: Population
    failures: int
    looked_at: int
    runs: int
    run_rate: int
    explanation: Explanation = NO_EXPLANATION
    shared: Sequence[Shared] = ()
    compared: int = 0
    is_alone: bool = False
    limit: float | None = None
    course: Sequence[int] = ()


def concentration(
    team_id: uuid.UUID,
    workflow: Workflow,
    filters: Filters,
    *,
    failures: int,
    runs: int,
    zone: str = "UTC",
    population: Population = FAILED,
    has_steps: bool = True,
) -> Concentration:
    """What the executions that the filters leave have in common. Hours of the day are those of `zone` (an IANA name).

    `failures` and `runs` say about how many there are: they decide how large a part is read. Without `has_steps` only
    what executions tell themselves is looked at, not their steps.
    """
    compared_with = conditions(team_id, run_filters(filters, workflow))
    rate, step_rate = rate_for(runs, MAX_RUNS), rate_for(runs, MAX_STEPPED)
    base = read_runs(compared_with, zone=zone, rate=rate)
    if population is FAILED:
        in_question = conditions(team_id, failing_filters(filters, workflow))
        bad_rate = rate_for(failures, MAX_FAILURES)
        sides = Sides(read_runs(in_question, zone=zone, rate=bad_rate), base, is_apart=rate * bad_rate > 1)
        failures = len(sides.bad) * bad_rate
        found = read_steps(team_id, in_question, sides.bad.places, rate=bad_rate, is_failing=True)
    else:
        sides = Sides(base.where(population.which(base)), base, is_apart=False)
        failures = len(sides.bad) * rate
        ids = [sides.bad.execution_id(row) for row in range(len(sides.bad))]
        these = ("team_id = %s AND id = ANY(%s)", [team_id, ids])
        found = read_steps(team_id, these, base.places, rate=1, is_failing=False)
    steps = Sides(
        _steps_in_question(found, population),
        read_steps(team_id, compared_with, base.places, rate=step_rate, is_failing=False),
        is_apart=sides.is_apart or step_rate > 1,
    )
    pinned = _pinned(filters) | (set() if has_steps else set(STEP_KINDS))
    tables = _tables(team_id, sides, steps, pinned)
    if population is FAILED and "error" not in pinned:
        tables[ERRORS] = _errors(team_id, workflow, filters, sides.bad)
    is_alone = population is FAILED and workflow.completeness == "failures-only"
    limit = population.limit(base)
    answer = Concentration(population, failures, len(sides.bad), len(base), rate, is_alone=is_alone, limit=limit)
    return _answer(answer, tables, filters.window)


def _steps_in_question(steps: Runs, population: Population) -> Runs:
    """The step runs at which it happened; of attempts that called the same one stands for all."""
    steps = steps.where(population.at(steps))
    told = np.column_stack([steps.key, *(steps.columns[name] for name in STEP_KINDS)])
    mask = np.zeros(len(steps), dtype=np.bool_)
    mask[np.unique(told, axis=0, return_index=True)[1]] = True
    return steps.where(mask)


def _tables(team_id: uuid.UUID, sides: Sides, steps: Sides, pinned: set[str]) -> dict[int, _Table]:
    """The table of executions, and that of step runs, which tells what their executions do as well."""
    wanted = [(sides, name) for name in RUN_LABELS] + [(steps, name) for name in STEP_KINDS]
    told = {name: values_of(side.bad.columns[name], side.base.columns[name]) for side, name in wanted}
    texts = label_values(team_id, chain.from_iterable(told.values()))
    columns = {
        name: label_column(
            name,
            side.bad.columns[name],
            side.base.columns[name],
            {id: texts[id] for id in told[name] if id in texts},
        )
        for side, name in wanted
        if name not in pinned
    }
    of_runs = [column for name, column in columns.items() if name in RUN_LABELS]
    if "hour" not in pinned:
        of_runs.append(label_column("hour", sides.bad.columns["hour"], sides.base.columns["hour"], HOURS))
    of_runs += facet_columns(team_id, sides)
    tables = {EXECUTIONS: _table(of_runs, sides, sides.bad.columns["minute"])}
    if of_steps := [column for name, column in columns.items() if name in STEP_KINDS]:
        at = np.argsort(sides.bad.key, kind="stable")
        place = np.searchsorted(sides.bad.key[at], steps.bad.key)
        minutes = sides.bad.columns["minute"][at][place]
        tables[STEPS] = _table([*of_steps, *(of_their_runs(one, sides, steps) for one in of_runs)], steps, minutes)
    return tables


def _table(columns: Sequence[Column], sides: Sides, minutes: Numbers) -> _Table:
    leaf = table_of(columns, sides)
    return _Table(leaf, leaf.codes[: len(minutes)], minutes)


def _pinned(filters: Filters) -> set[str]:
    """Kinds that the filters have decided already: a step settles what it calls, and the other way round."""
    pinned = {name for name, kind in KINDS.items() if kind.param and filters[kind.param].wanted}
    if filters["group"].wanted:
        pinned |= {"step", "error"}
    if len(filters["env"].wanted) <= 1 and filters.environment is not None:
        pinned.add("environment")
    return pinned | set(STEP_KINDS) if pinned & set(STEP_KINDS) else pinned


def _errors(team_id: uuid.UUID, workflow: Workflow, filters: Filters, bad: Runs) -> _Table:
    """Errors and the steps that showed them, against the failures of the period before."""
    before = replace(run_filters(filters, workflow), window=filters.window.previous())
    population, params = failing(team_id, workflow, before)
    counted = np.array(run_planned(_ERRORS.format(failing=population), params), dtype=np.int64).reshape(-1, 3)
    names = ("error", "step")
    now = np.column_stack([bad.columns[name] for name in names])
    texts = label_values(team_id, np.unique(np.concatenate([now, counted[:, :2]])).tolist())
    columns = [
        label_column(name, now[:, place], counted[:, place], {id: texts[id] for id in told if id in texts})
        for place, name in enumerate(names)
        for told in [values_of(now[:, place], counted[:, place])]
    ]
    nothing, ones = np.zeros(len(now)), np.ones(len(now))
    leaf = LeafTable(
        attributes=names,
        values=[column.values for column in columns],
        codes=np.column_stack([column.codes for column in columns]),
        bad=np.concatenate([ones, np.zeros(len(counted))]),
        base=np.concatenate([nothing, counted[:, 2]]),
        is_apart=True,
    )
    return _Table(leaf, leaf.codes[: len(now)], bad.columns["minute"])


def _answer(found: Concentration, tables: Mapping[int, _Table], window: Window) -> Concentration:
    """The concentration with what the tables explain. Each row is told once, where it is compared with its own base."""
    names = list(tables)
    # Where only failures are reported, failures before are still something to compare an error with.
    leaves = [_alone(one.leaf) if found.is_alone and name != ERRORS else one.leaf for name, one in tables.items()]
    explained = explain(leaves)
    parts = {name: table.parts(window) for name, table in tables.items()}
    shared = [
        Shared(row, tables[names[place]].points(row.combination, parts[names[place]]))
        for place, row in explained.rows
        if _belongs(row, names[place])
    ]
    explanations = [
        each
        for name, each in zip(names, explained.explanations, strict=True)
        if name == EXECUTIONS or (name == STEPS and any(_is_of_steps(part.combination) for part in each.parts))
    ]
    leading = max(explanations, key=lambda each: (bool(each.parts), each.worth))
    stands_for = round(found.failures / max(found.looked_at, 1))
    course = [count * stands_for for count in tables[EXECUTIONS].points((), parts[EXECUTIONS])]
    return replace(found, explanation=leading, shared=shared, compared=explained.looked_at, course=course)


def _alone(table: LeafTable) -> LeafTable:
    return replace(table, base=np.zeros(len(table.base)), is_apart=True)


def _is_of_steps(combination: Combination) -> bool:
    return any(name in STEP_KINDS for name, _ in combination)


def _belongs(row: Row, table: int) -> bool:
    """Whether a row stands in the table whose base it is compared with."""
    if table == ERRORS:
        return any(name == "error" for name, _ in row.combination)
    return _is_of_steps(row.combination) == (table == STEPS)
