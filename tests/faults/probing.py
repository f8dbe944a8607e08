"""Whether all is normal again: a report is taken at its first try, and is in the figures a moment later."""

import json
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime

import psycopg

from tests.faults.house import NORMAL_SECONDS, House, until
from tests.faults.reports import JSON, Batch, Expected, number
from tests.faults.sending import Line
from tests.faults.teams import Team

_COUNTED = """
SELECT r.runs FROM rollup r JOIN workflow w ON w.team_id = r.team_id AND w.id = r.workflow_id
WHERE r.team_id = %(team)s AND r.grain = 1 AND r.dimension = 0 AND w.name = %(name)s
"""


def probe_of(team: Team) -> tuple[str, Batch]:
    """A report of a workflow that nobody has heard of, and the name of that workflow."""
    name = f"probe {number()}"
    now = datetime.now(UTC).isoformat()
    told = {"id": name, "workflow": name, "status": "succeeded", "started_at": now, "finished_at": now}
    headers = {"Authorization": f"Bearer {team.key}", "Content-Type": JSON}
    return name, Batch("/api/v1/executions", headers, json.dumps(told).encode(), {name: Expected(0)})


def is_ready(house: House) -> bool:
    """Whether `/readyz` says that database, Valkey and migrations are there."""
    try:
        with urllib.request.urlopen(f"{house.base_url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, TimeoutError):
        return False


def is_taken_at_once(house: House, batch: Batch) -> bool:
    """Whether one try of this report is acknowledged."""
    line = Line(house.base_url, timeout=5)
    line.send(batch)
    line.close()
    return batch.is_acknowledged


def is_counted(house: House, team: Team, name: str) -> bool:
    """Whether the figures have the report of this workflow."""
    try:
        return house.ask(_COUNTED, team=team.id, name=name) == [(1,)]
    except psycopg.OperationalError:
        return False


def normal_again(house: House, team: Team, since: float, seconds: float = NORMAL_SECONDS) -> float:
    """Seconds from `since` (steady clock) until all is normal. Raises `AssertionError` when that takes too long."""
    end = since + seconds

    def taken() -> str | None:
        name, batch = probe_of(team)
        return name if is_ready(house) and is_taken_at_once(house, batch) else None

    def left() -> float:
        return max(end - time.monotonic(), 1.0)

    name = until(taken, f"a report is taken ({house.last_words()})", left())
    until(lambda: is_counted(house, team, name), f"a report is in the figures ({house.last_words()})", left())
    return time.monotonic() - since
