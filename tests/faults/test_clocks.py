"""Clocks that are wrong: those of senders, and our own."""

import time
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.faults import house as houses
from tests.faults.auditing import audit, audit_costs
from tests.faults.conftest import Note
from tests.faults.house import House
from tests.faults.probing import normal_again
from tests.faults.reports import PROTOCOLS
from tests.faults.sending import Load
from tests.faults.teams import make_teams

# A report may be up to a day ahead, and as old as records are kept.
OF_SENDERS = [timedelta(hours=hours) for hours in (-72, -24, -1, 1, 20)]
OUR_OWN = {"an hour ahead": 3600, "an hour behind": -3600}
LOAD_SECONDS = 10.0
CLOCK = Path(__file__).parent / "wrong_clock"


def test_clocks_of_senders_are_wrong(house: House, noting: Note) -> None:
    probes, team = make_teams(house, "Clock probes", "Clocks of senders")
    makes = [partial(make, shift=shift) for shift in OF_SENDERS for make in PROTOCOLS]
    with noting("clocks of senders off by -72 h to +20 h") as result:
        result.times = len(OF_SENDERS)
        with Load(house.base_url, team, connections=len(makes), pause=0.5, protocols=makes) as load:
            time.sleep(LOAD_SECONDS)
        audit(house, team, load.batches, result)
        result.recovered.append(normal_again(house, probes, time.monotonic()))
        result.figures["seconds until costs are exact"] = audit_costs(house, [team])


@pytest.mark.parametrize("name", OUR_OWN)
def test_our_clock_is_wrong_and_then_right(idle: Path, noting: Note, name: str) -> None:
    """Web, worker and beat have one time, PostgreSQL and senders another; then all are started with the right one."""
    with noting(f"our clock {name}, then right") as result:
        with houses.start(idle, PYTHONPATH=str(CLOCK), WRONG_BY_SECONDS=str(OUR_OWN[name])) as wrong:
            probes, team = make_teams(wrong, f"Probes {name}", f"Clock {name}")
            with Load(wrong.base_url, team) as load:
                time.sleep(LOAD_SECONDS)
            first = load.batches
            audit(wrong, team, first, result)
        began = time.monotonic()
        with houses.start(idle) as right:
            result.recovered.append(normal_again(right, probes, began))
            with Load(right.base_url, team) as load:
                time.sleep(LOAD_SECONDS)
            result.sent = result.acknowledged = result.stored = result.requests = 0
            audit(right, team, [*first, *load.batches], result)
