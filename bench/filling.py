"""Teams filled with executions: all through the product's own acceptance, or the first ones so and the others by SQL.

`fill` takes reports in and folds them, about a thousand a second. `fill_large` takes `SEED` reports in, spread over
`DAYS` days, and has PostgreSQL make the others of them (`bench.multiplying`): a million in minutes. What it filled it
notes in the stage's folder, and takes it as it is when that was kept; what was measured since has reported more to it.
"""

import json
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from bench import multiplying
from bench.reports import execution

BATCH = 200
SEED = 10_000
DAYS = 90
STEPS = 10
# No run of a filled team reaches into its next day, so that days can be moved whole.
LONGEST = timedelta(minutes=1)
# What a new team does, too: it meets the statistics that there are. Before the others they are fresh.
REPORTED = ("acceptance", "first_fold")


@dataclass(frozen=True, slots=True)
class Filled:
    """A team that was filled: its owner, its key, how many executions in days up to `until`, seconds it took."""

    made: Any
    size: int
    until: datetime
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def team(self) -> Any:
        """The team itself."""
        return self.made.team


def reports(first: int, last: int, now: datetime) -> Iterator[tuple[int, Any]]:
    """Executions spread evenly over the last 30 days, as acceptance takes them."""
    rng = random.Random(first)
    for number in range(first, last):
        started = now - timedelta(days=30) * rng.random()
        yield 0, _report(rng, f"bench-{10_000_000 + number}", number, started, STEPS, now)


def _report(rng: random.Random, name: str, number: int, started: datetime, steps: int, now: datetime) -> Any:
    """A generated execution without inputs and outputs of its steps."""
    from ingestion.adapters.rest import parse_item

    raw = execution(rng, number, started, steps) | {"id": name}
    raw["steps"] = [{k: v for k, v in one.items() if k not in {"input", "output"}} for one in raw["steps"]]
    return parse_item(0, raw, now)


def seeds(shape: multiplying.Shape) -> Iterator[tuple[int, Any]]:
    """The executions that others are made of: spread evenly over the days, started at whole milliseconds."""
    rng = random.Random(shape.seed)
    for number in range(shape.seed):
        within = rng.randrange((timedelta(days=1) - LONGEST) // timedelta(milliseconds=1))
        started = shape.since + timedelta(days=rng.randrange(shape.days)) + timedelta(milliseconds=within)
        yield 0, _report(rng, multiplying.external_id(number), number, started, shape.steps, shape.until)


def take_in(team_id: UUID, source: Iterator[tuple[int, Any]], now: datetime) -> None:
    """Stores reports through the product's own acceptance and folds the figures."""
    from monitoring.store.rollups import fold_all

    store(team_id, source, now)
    fold_all(now, team_id=team_id)


def store(team_id: UUID, source: Iterator[tuple[int, Any]], now: datetime) -> None:
    """Stores reports through the product's own acceptance."""
    from ingestion.acceptance import accept

    while batch := list(islice(source, BATCH)):
        accept(team_id, batch, now=now)


def fill(team_id: UUID, first: int, last: int, now: datetime) -> None:
    """Stores executions of the last 30 days through the product's own acceptance and folds the figures."""
    take_in(team_id, reports(first, last, now), now)


def fill_large(name: str, size: int, now: datetime, *, steps: int = STEPS) -> Filled:
    """A team of its own with `size` executions of `steps` steps, a multiple of `SEED`, in `DAYS` days up to an hour's
    start; costs of the last 31 days and usual ranges are made, too. What was filled before is not filled again."""
    note = Path(os.environ["STEADYRUN_HOME"]) / f"filled-{name}-{steps}.json"
    told = json.loads(note.read_text()) if note.exists() else _begin(name, now)
    filled = Filled(_made(told), size, datetime.fromisoformat(told["until"]), told["seconds"])
    for what, work in _parts(filled, steps).items():
        if what not in filled.seconds:
            note.write_text(json.dumps(told))
            if what not in REPORTED:
                analyze("ANALYZE")
            began = time.perf_counter()
            work()
            filled.seconds[what] = time.perf_counter() - began
    note.write_text(json.dumps(told))
    return filled


def _begin(name: str, now: datetime) -> dict[str, Any]:
    """A fresh team, as the note tells of it."""
    from accounts.services.teams import create_team_with_owner

    made = create_team_with_owner(name=f"Bench {name}", email=f"{name}@example.com")
    until = now.replace(minute=0, second=0, microsecond=0)
    return {"team": str(made.team.id), "owner": made.owner.email, "until": until.isoformat(), "seconds": {}}


def _made(told: dict[str, Any]) -> Any:
    """The team of a note, with a key of this run."""
    from accounts.models import Team, User
    from accounts.services.teams import FIRST_SCOPES, NewTeam, issue_key

    team, owner = Team.objects.get(id=told["team"]), User.objects.get(email=told["owner"])
    _, text = issue_key(team=team, name="Key of a run", scopes=list(FIRST_SCOPES), user=owner)
    return NewTeam(team, owner, None, text)


def _parts(filled: Filled, steps: int) -> dict[str, Callable[[], None]]:
    """What makes a team full; each may be done again after it was broken off."""
    from monitoring.services.baselines import build_all
    from monitoring.store.rollups import fold_all

    team_id, until = filled.team.id, filled.until
    shape = multiplying.Shape(SEED, filled.size // SEED, steps, until, DAYS)

    def fold() -> None:
        fold_all(until, team_id=team_id)

    return {
        "acceptance": lambda: store(team_id, seeds(shape), until),
        "first_fold": fold,
        "copies": lambda: multiplying.make_copies(team_id, shape, processes=2),
        "hours": lambda: multiplying.add_up(team_id, shape),
        "fold": fold,
        "costs": lambda: _make_costs(team_id, until),
        "baselines": lambda: build_all(until, team_id=team_id),
    }


def _make_costs(team_id: UUID, until: datetime) -> None:
    """Makes the cost lines of the last 31 days; older ones would take as long again twice."""
    from django.db import connection

    from accounts.tenancy import team_context
    from billing.store import due, lines

    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute("DELETE FROM cost_due WHERE team_id = %s", [team_id])
        cursor.execute(
            "SELECT workflow_id, environment_id, bucket FROM rollup"
            " WHERE team_id = %s AND grain = 2 AND dimension = 0 AND bucket >= %s",
            [team_id, until - timedelta(days=31)],
        )
        due.mark(team_id, cursor.fetchall(), until)
    lines.fold_all(until, team_id=team_id)


def analyze(statement: str = "VACUUM ANALYZE") -> None:
    """What autovacuum would do in time."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)
