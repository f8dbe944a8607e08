"""A whole installation on a real Citus cluster, moved there with its sample, used and moved on: `make lab`."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import citus
from tests.installation import eventually, installation, servers

PROGRAMS = citus.find_programs()
pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.environ.get("LAB") != "1", reason="takes minutes: make lab"),
    pytest.mark.skipif(not PROGRAMS, reason="no PostgreSQL on this machine has Citus"),
]
FAULTS = re.compile(r"Traceback|psycopg\.errors")
ENDED = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=3)

# A task that waits for others' work goes on in the running worker: here each is run once more, by itself.
EVERY_TASK = """
import django
django.setup()
from django.utils.module_loading import import_string
from config.beat_schedule import BEAT_SCHEDULE
for entry in BEAT_SCHEDULE.values():
    try:
        import_string(entry["task"])()
    except Exception as error:
        print(entry["task"], repr(error))
"""


def report(number: int) -> dict[str, Any]:
    """An execution with a step that used tokens; every fifth one failed."""
    status = "failed" if number % 5 == 0 else "succeeded"
    began = ENDED - timedelta(seconds=30 + number % 7)
    step = {"id": "a", "name": "ask", "status": status, "provider": "openai", "model": "gpt-4o", "input_tokens": 1000}
    times = {"started_at": began.isoformat(), "finished_at": ENDED.isoformat()}
    return {"id": f"x{number}", "workflow": "moved", "status": status, **times, "steps": [step]}


@pytest.fixture
def moved() -> Iterator[tuple[dict[str, str], Path, str]]:
    """What processes are told of a cluster that a filled database was moved to, their folder, the administrator."""
    with servers() as (home, started), citus.cluster(home, PROGRAMS or Path()) as (app, owner, admin):
        told = {"DATABASE_URL": app, "DATABASE_OWNER_URL": owner, "REDIS_URL": started.redis_url}
        with installation(home, **told) as one:
            assert one.run("manage.py", "load_sample", "--team", one.login["team"]).returncode == 0
            refused = one.run("manage.py", "distribute", "--shards", "4")
            assert refused.returncode == 1, refused.stdout
        done = one.run("manage.py", "distribute", "--shards", "4")
        assert done.stdout.endswith("All is well.\n"), done.stdout + done.stderr
        yield told, home, admin


def test_a_filled_installation_goes_on_in_a_cluster(moved: tuple[dict[str, str], Path, str]) -> None:
    told, home, admin = moved
    with installation(home, **told) as one:
        for first in range(0, 500, 100):
            status, said = one.call("/api/v1/executions", [report(number) for number in range(first, first + 100)])
            assert (status, said["stored"]) == (200, 100), said
        assert eventually(lambda: stored(admin) == (500, 100, 0)), stored(admin)
        one.sign_in()
        pages = one.pages(f"/t/{one.login['team']}/")
        assert len(pages) > 60
        assert {path: status for path, (status, _) in pages.items() if status >= 400} == {}
        lists = [path for path in one.call("/api/schema/?format=json")[1]["paths"] if "{" not in path]
        assert len(lists) > 20
        assert {path: status for path in lists if (status := one.call(path)[0]) >= 500} == {}
        ran = one.run("-c", EVERY_TASK, DJANGO_SETTINGS_MODULE="config.settings")
        assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
        assert FAULTS.findall(ran.stderr) == []
        assert one.run("manage.py", "distribute", "--check").returncode == 0
        assert FAULTS.findall(one.logs()) == []


def stored(admin: str) -> tuple[int, int, int]:
    """Runs and failed runs that hours say, and hours whose costs are still to be made."""
    with psycopg.connect(admin) as connection:
        hours = connection.execute(
            "SELECT COALESCE(sum(r.runs), 0)::int, COALESCE(sum(r.failed), 0)::int FROM rollup r"
            " JOIN workflow w ON w.team_id = r.team_id AND w.id = r.workflow_id"
            " WHERE w.name = 'moved' AND r.grain = 2 AND r.dimension = 0"
        ).fetchone()
        waiting = connection.execute("SELECT count(*)::int FROM cost_due").fetchone()
    assert hours is not None
    assert waiting is not None
    return (*hours, *waiting)
