"""Valkey and PostgreSQL are gone for a while: senders are told to come again, and all goes on by itself afterwards.

The servers are the tests' own here, as on an installation with `DATABASE_URL` and `REDIS_URL`, so that they stay away
as long as a test wants.
"""

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from config import embedded
from config.children import Child
from config.embedded import Servers
from tests.faults import house as houses
from tests.faults.auditing import audit, audit_costs
from tests.faults.conftest import Keeper, Note
from tests.faults.house import House
from tests.faults.probing import normal_again
from tests.faults.sending import Load
from tests.faults.teams import Team, make_teams

GONE_SECONDS, STOPPED_SECONDS, HANGING_SECONDS = 60.0, 30.0, 20.0
FLUSHES = 10


@pytest.fixture(scope="module")
def servers(data: Path, keeper: Keeper) -> Iterator[Servers]:
    keeper.close()
    with embedded.start(data) as started:
        yield started


@pytest.fixture(scope="module")
def house(data: Path, servers: Servers) -> Iterator[House]:
    own = {
        "DATABASE_URL": servers.database_url,
        "DATABASE_OWNER_URL": servers.owner_url,
        "REDIS_URL": servers.redis_url,
        "SECRET_KEY": (data / "secret_key").read_text().strip(),
        "FAULTS_SERVERS": str(data),
    }
    with houses.start(data.parent / "outside", **own) as running:
        yield running


@pytest.fixture(scope="module")
def teams(house: House) -> list[Team]:
    names = "Outage probes", "Valkey flushed", "Valkey gone", "Valkey hangs", "PostgreSQL gone"
    return make_teams(house, *names)


def child(servers: Servers, name: str) -> Child:
    return next(one for one in servers.children if one.name == name)


def end_now(servers: Servers, name: str, number: signal.Signals) -> None:
    one = child(servers, name)
    one.process.send_signal(number)
    one.process.wait(30)


def test_valkey_is_flushed(house: House, servers: Servers, teams: list[Team], noting: Note) -> None:
    with noting("Valkey flushed") as result, Load(house.base_url, teams[1]) as load:
        result.times = FLUSHES
        with redis.Redis.from_url(servers.redis_url) as client:
            for _ in range(FLUSHES):
                time.sleep(random.uniform(0.2, 0.8))
                client.flushall()
                result.recovered.append(normal_again(house, teams[0], time.monotonic()))
        load.finish()
        audit(house, load.team, load.batches, result)


def test_valkey_is_gone_for_a_minute_and_comes_back_empty(
    house: House, servers: Servers, teams: list[Team], noting: Note
) -> None:
    with noting("Valkey gone for 60 s, back empty") as result, Load(house.base_url, teams[2]) as load:
        time.sleep(2)
        end_now(servers, "valkey", signal.SIGKILL)
        time.sleep(GONE_SECONDS)
        servers.revive(time.monotonic())
        result.recovered.append(normal_again(house, teams[0], time.monotonic()))
        load.finish()
        audit(house, load.team, load.batches, result)


def test_valkey_hangs(house: House, servers: Servers, teams: list[Team], noting: Note) -> None:
    with noting(f"Valkey hangs for {HANGING_SECONDS:.0f} s") as result, Load(house.base_url, teams[3]) as load:
        time.sleep(2)
        pid = child(servers, "valkey").process.pid
        os.kill(pid, signal.SIGSTOP)
        time.sleep(HANGING_SECONDS)
        os.kill(pid, signal.SIGCONT)
        result.recovered.append(normal_again(house, teams[0], time.monotonic()))
        load.finish()
        audit(house, load.team, load.batches, result)


def test_postgresql_is_stopped_immediately(house: House, servers: Servers, teams: list[Team], noting: Note) -> None:
    with noting("PostgreSQL stopped (immediate) for 30 s") as result, Load(house.base_url, teams[4]) as load:
        time.sleep(2)
        end_now(servers, "postgres", signal.SIGQUIT)
        time.sleep(STOPPED_SECONDS)
        servers.revive(time.monotonic())
        result.recovered.append(normal_again(house, teams[0], time.monotonic()))
        load.finish()
        audit(house, load.team, load.batches, result)


def test_costs_add_up_after_all_that(house: House, teams: list[Team], noting: Note) -> None:
    with noting("costs after the outages") as result:
        result.figures["seconds until costs are exact"] = audit_costs(house, teams)
