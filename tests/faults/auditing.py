"""What is stored against what was acknowledged: records, rollups and costs, all of them recounted."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.faults.house import House, until
from tests.faults.reports import Batch, Expected
from tests.faults.results import Result
from tests.faults.sending import answers_of
from tests.faults.teams import Team

# Costs of a running hour are made anew at most every 30 s, and the day's sums after them.
COST_SECONDS = 120.0
_STORED = """
SELECT e.external_id, count(DISTINCT e.id), sum(s.count), sum(l.count), sum(p.count), sum(e.cost_usd), sum(e.step_count)
FROM execution e
CROSS JOIN LATERAL (SELECT count(*) FROM step x WHERE x.team_id = e.team_id AND x.execution_id = e.id) s
CROSS JOIN LATERAL (SELECT count(*) FROM log_line x WHERE x.team_id = e.team_id AND x.execution_id = e.id) l
CROSS JOIN LATERAL (SELECT count(*) FROM payload x WHERE x.team_id = e.team_id AND x.execution_id = e.id) p
WHERE e.team_id = %(team)s GROUP BY e.external_id
"""
# Hours in which the rollups and the records do not tell the same number of runs, of either side.
_UNEQUAL_RUNS = """
SELECT COALESCE(r.hour, e.hour), r.runs, e.runs FROM (
    SELECT bucket AS hour, sum(runs) AS runs FROM rollup
    WHERE team_id = %(team)s AND grain = 2 AND dimension = 0 AND runs <> 0 GROUP BY 1
) r FULL JOIN (
    SELECT date_trunc('hour', counted_at, 'UTC') AS hour, count(*) AS runs FROM execution
    WHERE team_id = %(team)s GROUP BY 1
) e ON r.hour = e.hour WHERE r.runs IS DISTINCT FROM e.runs ORDER BY 1
"""
_COSTS = """
SELECT (SELECT COALESCE(sum(cost_usd), 0) FROM execution WHERE team_id = %(team)s),
    (SELECT COALESCE(sum(cost_usd), 0) FROM rollup WHERE team_id = %(team)s AND grain = 2 AND dimension = 0),
    (SELECT COALESCE(sum(cost_usd), 0) FROM cost_line WHERE team_id = %(team)s),
    (SELECT COALESCE(sum(cost_usd), 0) FROM cost_rollup WHERE team_id = %(team)s AND grain = 3 AND dimension = 0)
"""


@dataclass(frozen=True)
class Stored:
    """What the database has of one execution; `copies` is how many rows carry its id."""

    copies: int
    steps: int
    lines: int
    payloads: int
    cost: Decimal
    told_steps: int


def stored_of(house: House, team: Team) -> dict[str, Stored]:
    """All executions of a team by the sender's id."""
    rows = house.ask(_STORED, team=team.id)
    return {
        row[0]: Stored(row[1], int(row[2]), int(row[3]), int(row[4]), row[5] or Decimal(0), int(row[6])) for row in rows
    }


def is_more(stored: Stored, expected: Expected) -> bool:
    """Whether something is there twice."""
    return (
        stored.copies > 1
        or stored.steps > expected.steps
        or stored.lines > expected.lines
        or stored.payloads > expected.payloads
        or stored.cost > expected.cost
        or stored.told_steps > expected.steps
    )


def is_less(stored: Stored | None, expected: Expected) -> bool:
    """Whether something of it is missing."""
    return (
        stored is None
        or stored.steps < expected.steps
        or stored.lines < expected.lines
        or stored.payloads < expected.payloads
        or stored.cost < expected.cost
        or stored.told_steps < expected.steps
    )


def audit(house: House, team: Team, batches: Sequence[Batch], result: Result) -> None:
    """Fills a result in. Raises `AssertionError` where the promise is broken, after noting what was found."""
    stored = stored_of(house, team)
    expected = {id: one for batch in batches for id, one in batch.expected.items()}
    acknowledged = {id for batch in batches if batch.is_acknowledged for id in batch.expected}
    answers = answers_of(batches)
    lost = sorted(id for id in acknowledged if is_less(stored.get(id), expected[id]))
    doubled = sorted(id for id, one in stored.items() if id not in expected or is_more(one, expected[id]))
    result.sent += len(expected)
    result.acknowledged += len(acknowledged)
    result.stored += len(stored)
    result.lost += len(lost)
    result.doubled += len(doubled)
    result.requests += sum(answers.values())
    result.answers = {**result.answers, **answers}
    result.other_5xx += sum(count for status, count in answers.items() if status[0] == "5" and status != "503")
    about = [(id, stored.get(id), expected.get(id)) for id in (*lost, *doubled)][:3]
    assert (lost, doubled) == ([], []), f"{len(lost)} lost, {len(doubled)} doubled, as {about}"
    assert result.other_5xx == 0, answers
    faults = [batch.fault for batch in batches if batch.fault]
    assert faults == [], faults[:3]
    assert acknowledged == set(expected), "not all was acknowledged in the end"
    audit_figures(house, team)


def audit_figures(house: House, team: Team) -> None:
    """Waits for the fold, then compares rollups with a recount of the records, and the ledger with both."""

    def is_folded() -> bool:
        (marks,) = house.ask("SELECT count(*) FROM dirty_bucket WHERE team_id = %(team)s AND grain = 1", team=team.id)
        return marks == (0,)

    until(is_folded, "all marks are folded")
    assert house.ask(_UNEQUAL_RUNS, team=team.id) == [], "rollups and records do not agree"
    ((records, rollups, *_rest),) = house.ask(_COSTS, team=team.id)
    assert records == rollups, "costs of rollups and records do not agree"


def audit_costs(house: House, teams: Sequence[Team]) -> float:
    """Waits until cost lines and their sums are those of the records, to the last digit; how many seconds it took."""

    def unequal() -> list[Any]:
        found = [(team.id, *house.ask(_COSTS, team=team.id)) for team in teams]
        return [one for one in found if len(set(one[1])) != 1]

    began = time.monotonic()
    while left := unequal():
        assert time.monotonic() - began < COST_SECONDS, f"costs do not add up: {left}"
        time.sleep(0.5)
    return time.monotonic() - began
