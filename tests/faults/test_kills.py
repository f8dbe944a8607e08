"""kill -9 of each process in the middle of its work, ten times: the supervisor starts it again, and nothing is lost."""

import random
import time
from collections.abc import Callable
from contextlib import suppress

import psycopg
import pytest

from tests.faults.auditing import audit, audit_costs
from tests.faults.conftest import Note
from tests.faults.house import House
from tests.faults.probing import normal_again
from tests.faults.sending import Load
from tests.faults.teams import Team, make_teams

TIMES, COST_TIMES = 10, 2
COSTS = "Kill at costs"
Kill = Callable[[House], None]


@pytest.fixture(scope="module")
def teams(house: House) -> dict[str, Team]:
    names = ["Kill probes", "Kill nothing", COSTS, *(f"Kill {name}" for name in KILLS)]
    return dict(zip(names, make_teams(house, *names), strict=True))


def kill_while_it_writes(table: str, find: Callable[[House, int], int], statement: str = "%") -> Kill:
    """Kills a process while a transaction of it waits to write to a table: what it wrote before is not committed."""

    def kill(house: House) -> None:
        with suppress(psycopg.OperationalError), house.held_up(table, statement=statement) as session:
            house.kill(find(house, session))

    return kill


def kill_at_any_time(name: str) -> Kill:
    return lambda house: house.kill(house.pid(name))


# The last row that a request writes is its receipt; a fold ends with rollups.
RECEIPT = "source_receipt"
INSERT = "INSERT INTO source_receipt%"
KILLS: dict[str, Kill] = {
    "web": kill_while_it_writes(RECEIPT, lambda house, _: house.pid("web"), INSERT),
    "gunicorn worker": kill_while_it_writes(RECEIPT, lambda house, _: house.gunicorn_worker(), INSERT),
    "worker": kill_while_it_writes("rollup", lambda house, _: house.pid("worker")),
    "beat": kill_at_any_time("beat"),
    "Valkey": kill_at_any_time("valkey"),
    "PostgreSQL session": kill_while_it_writes(RECEIPT, lambda _, session: session, INSERT),
    "PostgreSQL": kill_while_it_writes(RECEIPT, lambda house, _: house.pid("postgres"), INSERT),
}


def test_nothing_goes_wrong(house: House, teams: dict[str, Team], noting: Note) -> None:
    """What the others are measured against: how long a report takes to be in the figures."""
    with noting("none") as result, Load(house.base_url, teams["Kill nothing"]) as load:
        for _ in range(TIMES):
            time.sleep(random.uniform(0.2, 0.8))
            result.recovered.append(normal_again(house, teams["Kill probes"], time.monotonic()))
        load.finish()
        audit(house, load.team, load.batches, result)


@pytest.mark.parametrize("name", KILLS)
def test_killed_in_the_middle_of_work(house: House, teams: dict[str, Team], noting: Note, name: str) -> None:
    with noting(f"kill -9: {name}") as result, Load(house.base_url, teams[f"Kill {name}"]) as load:
        result.times = TIMES
        for _ in range(TIMES):
            time.sleep(random.uniform(0.2, 0.8))
            KILLS[name](house)
            result.recovered.append(normal_again(house, teams["Kill probes"], time.monotonic()))
        load.finish()
        audit(house, load.team, load.batches, result)
    assert house.process.poll() is None, "the supervisor has ended"


def test_the_worker_is_killed_while_it_makes_cost_lines(house: House, teams: dict[str, Team], noting: Note) -> None:
    with noting("kill -9: worker at cost lines") as result, Load(house.base_url, teams[COSTS]) as load:
        result.times = COST_TIMES
        for _ in range(COST_TIMES):
            # Lines of a running hour are made every 30 s.
            with house.held_up("cost_line", 60.0):
                house.kill(house.pid("worker"))
            result.recovered.append(normal_again(house, teams["Kill probes"], time.monotonic()))
        killed_at = time.monotonic()
        load.finish()
        audit(house, load.team, load.batches, result)
        audit_costs(house, [load.team])
        result.figures["seconds until costs are exact"] = time.monotonic() - killed_at


def test_costs_add_up_after_all_that(house: House, teams: dict[str, Team], noting: Note) -> None:
    with noting("costs after the kills") as result:
        result.figures["seconds until costs are exact"] = audit_costs(house, list(teams.values()))
