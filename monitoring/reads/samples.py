"""Executions and step runs as columns of numbers, for analysis: all of them, or a random part where they are many.

Ids of executions are digests, so those below a limit are a random part of them, the same one each time. Columns come
from PostgreSQL as one value each, so nothing is done per row in Python.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from accounts.statements import run_planned
from monitoring.analysis.arrays import AnyNumbers, Booleans, Integers, Reals, np
from monitoring.reads.matching import Part
from monitoring.reads.places import Place, in_places

Numbers = Integers
NOT_TOLD = 0

# What a run tells, as SQL; ids of labels are 64-bit numbers and never 0. Hours of the day are 1 to 24.
RUN_COLUMNS = {
    "status": "status",
    "input": "input_type_id",
    "release": "release_id",
    "trigger": "trigger_id",
    "environment": "environment_id",
    "error": "error_id",
    "step": "failed_node_id",
    "hour": "extract(hour FROM date_trunc('hour', counted_at) AT TIME ZONE %(zone)s)::bigint + 1",
    "retries": "retry_count + (attempt > 1)::int",
    "unmet": "(is_unmet AND status = 6)::int",
    "minute": "extract(epoch FROM counted_at)::bigint / 60",
    "facet_count": "octet_length(facet_ids) / 8",
}
STEP_COLUMNS = {
    "id": "visit.id",
    "parent": "visit.parent_id",
    "step": "visit.node_id",
    "provider": "visit.provider_id",
    "model": "visit.model_id",
    "tool": "visit.tool_id",
    "system": "visit.system_id",
    "status": "visit.status",
    "attempt": "visit.attempt",
}
# `array_send` gives 20 bytes about the array, then each element with 4 bytes of length before it.
_HEAD_BYTES = 20
_NUMBER, _REAL = ([("length", ">i4"), ("value", kind)] for kind in (">i8", ">f8"))


def _column(expression: str) -> str:
    return f"array_send(array_agg(coalesce(({expression})::bigint, {NOT_TOLD})))"


def _amount(expression: str) -> str:
    return f"array_send(array_agg(coalesce(({expression})::float8, 'NaN')))"


# Class and day as one number, which sorts faster than pairs.
_CLASSES, _FIRST_DAY = 8, date(2000, 1, 1)
_PLACES = f"array_agg(DISTINCT (anchor_day - date '{_FIRST_DAY}') * {_CLASSES} + retention_class)"
_RUNS = f"""
SELECT {", ".join(_column(expression) for expression in RUN_COLUMNS.values())}, {_amount("duration_ms")},
    {_amount("cost_usd")}, string_agg(uuid_send(id), ''), string_agg(facet_ids, ''), {_PLACES}
FROM execution WHERE {{where}} AND {{sample}}
"""
# One look-up by key for each execution and no scan of whole days, which is what OFFSET 0 is for. The places are told,
# so that other partitions are not even planned for.
_STEPS = f"""
SELECT {", ".join(_column(expression) for expression in STEP_COLUMNS.values())}, {{more}}{_amount("visit.duration_ms")},
    {_amount("CASE WHEN NOT visit.is_covered THEN visit.cost_usd END")}, string_agg(uuid_send(run.id), '')
FROM (SELECT id, retention_class, anchor_day, failed_node_id FROM execution WHERE {{where}} AND {{sample}}) AS run
CROSS JOIN LATERAL (SELECT s.* FROM step s WHERE s.team_id = %(team)s AND s.execution_id = run.id
    AND s.retention_class = run.retention_class AND s.anchor_day = run.anchor_day
    AND {{places}} {{which}} OFFSET 0) AS visit
"""
_FAILING = "AND s.node_id = run.failed_node_id AND s.status IN (7, 8)"


@dataclass(frozen=True, slots=True)
class Runs:
    """Executions, or step runs: `columns` of numbers (0: not told), all of the same length; ms and US dollars.

    `ids` are two numbers each, the halves of a UUID; the first one, `key`, tells the executions of a team apart.
    Durations and costs are NaN where not told. `facets` are pairs of a
    row and the id of a facet, as two columns; step runs have none. `places` are those of executions, where their
    steps are as well; step runs have none.
    """

    ids: Numbers
    columns: Mapping[str, Numbers]
    duration_ms: Reals
    cost_usd: Reals
    facets: tuple[Numbers, Numbers]
    places: Sequence[Place] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def key(self) -> Numbers:
        """The same number for an execution and its steps."""
        return self.ids[:, 0]

    @property
    def identity(self) -> Numbers:
        """What tells rows apart: of step runs their own ids, of executions the keys."""
        return self.columns.get("id", self.key)

    def where(self, mask: Booleans) -> "Runs":
        """The rows of a mask."""
        rows, ids = self.facets
        place = np.cumsum(mask) - 1
        kept = mask[rows]
        return Runs(
            self.ids[mask],
            {name: column[mask] for name, column in self.columns.items()},
            self.duration_ms[mask],
            self.cost_usd[mask],
            (place[rows[kept]], ids[kept]),
            self.places,
        )

    def execution_id(self, row: int) -> uuid.UUID:
        """The execution of a row."""
        return uuid.UUID(bytes=self.ids[row].astype(">i8").tobytes())


def rate_for(count: int, most: int) -> int:
    """The power of two that leaves at most `most` of `count` executions."""
    rate = 1
    while count > most * rate:
        rate *= 2
    return rate


def below(rate: int) -> str:
    """SQL: the executions of a sample. The limit is a constant, so that the planner can choose an index of samples."""
    return "true" if rate == 1 else f"id < '{uuid.UUID(int=2**128 // rate)}'"


def read_runs(where: Part, *, zone: str, rate: int) -> Runs:
    """The executions that a condition (of `monitoring.reads.matching`) leaves, or one in `rate` of them."""
    text, params = _named(where)
    ((*told, duration, cost, ids, facets, places),) = run_planned(
        _RUNS.format(where=text, sample=below(rate)), {**params, "zone": zone}
    )
    columns = dict(zip(RUN_COLUMNS, map(_numbers, told), strict=True))
    rows = np.repeat(np.arange(len(columns["status"])), columns["facet_count"])
    told_facets = (rows, _packed(facets))
    return Runs(
        _packed(ids).reshape(-1, 2), columns, _reals(duration), _reals(cost), told_facets, _places(places or ())
    )


def read_steps(
    team_id: uuid.UUID,
    where: Part,
    places: Sequence[Place],
    *,
    rate: int,
    is_failing: bool,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Runs:
    """The step runs of these executions, of those of these places; with `is_failing` those at which it failed.

    `more` are further columns, as SQL over `visit` whose values are whole numbers.
    """
    text, params = _named(where)
    wanted = "".join(f"{_column(expression)}, " for expression in more.values())
    told_places, values = in_places(places, "s")
    which = _FAILING if is_failing else ""
    sql = _STEPS.format(where=text, sample=below(rate), which=which, more=wanted, places=told_places)
    ((*told, duration, cost, ids),) = run_planned(sql, {**params, **values, "team": team_id})
    columns = dict(zip((*STEP_COLUMNS, *more), map(_numbers, told), strict=True))
    return Runs(_packed(ids).reshape(-1, 2), columns, _reals(duration), _reals(cost), (_packed(None), _packed(None)))


def _places(numbers: Sequence[int]) -> list[Place]:
    return [(number % _CLASSES, _FIRST_DAY + timedelta(days=number // _CLASSES)) for number in numbers]


def _named(where: Part) -> tuple[str, dict[str, Any]]:
    """A condition with its parameters by name, so that others can stand beside them."""
    text, params = where
    for number in range(len(params)):
        text = text.replace("%s", f"%(p{number})s", 1)
    return text, {f"p{number}": value for number, value in enumerate(params)}


def _packed(sent: bytes | None) -> Numbers:
    return np.frombuffer(sent or b"", dtype=">i8").astype(np.int64)


def _values(sent: bytes | None, kind: list[tuple[str, str]]) -> AnyNumbers:
    return np.frombuffer((sent or b"")[_HEAD_BYTES:], dtype=kind)["value"]


def _numbers(sent: bytes | None) -> Numbers:
    return _values(sent, _NUMBER).astype(np.int64)


def _reals(sent: bytes | None) -> Reals:
    return _values(sent, _REAL).astype(np.float64)
