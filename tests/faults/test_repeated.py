"""What senders repeat, tell in pieces, or tell late is stored once, as if it had come whole and in time."""

import random
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from monitoring.statuses import Status
from tests.faults.auditing import audit, audit_costs
from tests.faults.conftest import Note
from tests.faults.house import House
from tests.faults.losing import losing
from tests.faults.reports import JSON, PROTOCOLS, Batch, Expected, expected_of, number, reports
from tests.faults.sending import Line, Load, in_parallel, send_until_told
from tests.faults.teams import Team, make_teams

BATCHES = 120
EXECUTIONS, PARTS_A_REQUEST = 150, 12
_TOLD = "SELECT external_id, status, started_at, finished_at FROM execution WHERE team_id = %(team)s"


@pytest.fixture(scope="module")
def teams(house: House) -> list[Team]:
    return make_teams(house, "Lost answers", "Three times", "Shuffled")


def test_answers_are_lost_after_the_commit(house: House, teams: list[Team], noting: Note) -> None:
    with noting("answer lost between commit and response") as result, losing(house.base_url, 0.5) as relay:
        with Load(relay.url, teams[0]) as load:
            threading.Event().wait(15)
        result.times = relay.lost
        assert relay.lost > 50
        audit(house, load.team, load.batches, result)


def test_each_batch_comes_three_times_at_once(house: House, teams: list[Team], noting: Note) -> None:
    batches = [make(teams[1], number()) for _ in range(BATCHES // 3) for make in PROTOCOLS]
    copies = [[Batch(one.path, one.headers, one.body, one.expected) for one in batches] for _ in range(3)]
    ready = threading.Barrier(3)

    def work(part: list[Batch]) -> None:
        line = Line(house.base_url)
        for one in part:
            ready.wait(60)
            send_until_told(line, one)
        line.close()

    with noting("each batch three times in parallel") as result:
        result.times = len(batches)
        threads = [threading.Thread(target=work, args=(part,), daemon=True) for part in copies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert all(one.is_acknowledged for part in copies for one in part)
        audit(house, teams[1], [one for part in copies for one in part], result)


def in_parts(told: dict[str, Any]) -> list[dict[str, Any]]:
    """An execution as a sender tells it that reports what happens when it happens."""
    begin = {name: told[name] for name in ("id", "workflow", "started_at", "input")} | {"status": "running"}
    steps = [{"id": told["id"], "workflow": told["workflow"], "steps": [step]} for step in told["steps"]]
    end = {name: told[name] for name in ("id", "workflow", "status", "finished_at", "logs")}
    return [begin, *steps, end]


def late(rng: random.Random) -> timedelta:
    """A fifth of what is told is days old."""
    return -timedelta(days=rng.randrange(1, 20)) if rng.random() < 0.2 else timedelta(0)


def test_parts_are_shuffled_and_late(house: House, teams: list[Team], noting: Note) -> None:
    rng, team = random.Random(7), teams[2]
    told = [one for _ in range(EXECUTIONS) for one in reports(number(), count=1, shift=late(rng))]
    parts = [part for one in told for part in in_parts(one)]
    rng.shuffle(parts)
    headers = {"Authorization": f"Bearer {team.key}", "Content-Type": JSON}
    cuts = [parts[place : place + PARTS_A_REQUEST] for place in range(0, len(parts), PARTS_A_REQUEST)]
    batches = [Batch("/api/v1/executions", headers, msgspec.json.encode(cut), {}) for cut in cuts]
    # A tenth comes again at some later time.
    batches += [Batch(one.path, one.headers, one.body, {}) for one in batches if rng.random() < 0.1]
    whole = {one["id"]: expected_of(one) for one in told}
    # What it was given, and what each step was: a payload each.
    expected = {id: Expected(one.steps, one.lines, one.cost, one.steps + 1) for id, one in whole.items()}
    with noting("shuffled and late parts") as result:
        result.times = len(parts)
        in_parallel(house.base_url, [batches[place::6] for place in range(6)])
        assert all(one.is_acknowledged for one in batches)
        batches.append(Batch("", {}, b"", expected, is_acknowledged=True))
        audit(house, team, batches, result)
        assert sum((one.cost for one in expected.values()), Decimal(0)) > 0
    rows = {row[0]: row[1:] for row in house.ask(_TOLD, team=team.id)}
    for one in told:
        status, started, finished = rows[one["id"]]
        assert status == Status[one["status"].upper()]
        assert started == datetime.fromisoformat(one["started_at"]).astimezone(UTC)
        assert finished == datetime.fromisoformat(one["finished_at"]).astimezone(UTC)


def test_costs_add_up_after_all_that(house: House, teams: list[Team], noting: Note) -> None:
    with noting("costs after repeated, shuffled and late reports") as result:
        result.figures["seconds until costs are exact"] = audit_costs(house, teams)
