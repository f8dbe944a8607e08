"""Orderly ends under load, and more processes than there should be."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from config.supervisor import commands
from tests.faults import house as houses
from tests.faults.auditing import audit, audit_costs
from tests.faults.conftest import Note
from tests.faults.forwarding import add_destination, documents_of, wait_for_documents
from tests.faults.house import House, environment_of
from tests.faults.probing import normal_again
from tests.faults.sending import Load
from tests.faults.teams import Team, make_teams
from tests.receivers import receiving

EVERY_SECONDS, TURNS = 20.0, 4
TWICE_SECONDS = 40.0


@pytest.fixture(scope="module")
def teams(house: House) -> list[Team]:
    return make_teams(house, "Restart probes", "Terminated", "Two beats")


def test_ended_in_an_orderly_way_every_20_s(house: House, teams: list[Team], noting: Note) -> None:
    """SIGTERM to web, worker and beat: what is at work is finished, and each is started again."""
    with noting("SIGTERM to web, worker and beat every 20 s") as result, Load(house.base_url, teams[1]) as load:
        result.times = TURNS
        for _ in range(TURNS):
            began = time.monotonic()
            for name in ("web", "worker", "beat"):
                os.kill(house.pid(name), signal.SIGTERM)
            result.recovered.append(normal_again(house, teams[0], began))
            time.sleep(max(EVERY_SECONDS - (time.monotonic() - began), 0.0))
        load.finish()
        audit(house, load.team, load.batches, result)


def test_two_beats_and_two_workers(house: House, teams: list[Team], noting: Note, tmp_path: Path) -> None:
    """Everything due is said twice and done once: figures, costs, and what is sent on to a receiver."""
    with noting("two beats and two workers") as result, receiving() as receiver, ExitStack() as stack:
        add_destination(house, teams[2], "Receiver", receiver.url)
        for name in ("beat", "worker"):
            stack.callback(end, second(house, name, tmp_path))
        with Load(house.base_url, teams[2]) as load:
            time.sleep(TWICE_SECONDS)
        result.recovered.append(normal_again(house, teams[0], time.monotonic()))
        audit(house, load.team, load.batches, result)
        wait_for_documents(receiver, load.batches)
        counts = documents_of(receiver)
        result.figures["documents received"] = len(counts)
        result.figures["of them twice"] = sum(1 for count in counts.values() if count > 1)
        assert result.figures["of them twice"] == 0


def second(house: House, name: str, folder: Path) -> subprocess.Popen[bytes]:
    """One more process of a kind, as somebody starts it who did not know that there is one."""
    command = [word.replace(str(house.home), str(folder)) for word in commands(house.home)[name]]
    given = {**environment_of(house.home), **house.addresses(), "DJANGO_SETTINGS_MODULE": "config.settings"}
    log = (folder / f"{name}.log").open("wb")
    with log:
        return subprocess.Popen([sys.executable, *command[1:]], cwd=houses.ROOT, env=given, stdout=log, stderr=log)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends it in an orderly way."""
    process.terminate()
    process.wait(60)


def test_costs_add_up_after_all_that(house: House, teams: list[Team], noting: Note) -> None:
    with noting("costs after the restarts") as result:
        result.figures["seconds until costs are exact"] = audit_costs(house, teams)
