"""Server time of Replay with 2,000 steps: of an execution that was diagnosed, of one that was never examined, and of
making the healthy reference and diagnosing.

Milliseconds in the web process, PostgreSQL's part included, without the network: medians, CPU time of this process
beside them. The database is on the same machine. As in the web process, what is loaded is out of the collector's sight.
"""

import gc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from bench import clock
from bench.browser import usable
from bench.stage import Stage

REPEATS = 15
HEALTHY = 60
SIZES = (9, 200, 2_000)
LIMIT_MS, LIMIT_USABLE_MS = 100.0, 1_000.0


def raw(name: str, steps: int, started: datetime, *, has_failed: bool) -> dict[str, Any]:
    """An execution of so many steps in groups of twenty, as a sender tells it; a failed one breaks off at its half."""
    told = steps // 2 if has_failed else steps
    rows = []
    for number in range(told):
        begin = started + timedelta(milliseconds=20 * number)
        is_last = has_failed and number == told - 1
        rows.append(
            {
                "id": f"s{number}",
                "node": f"node-{number % 20}" if number % 20 else f"group-{number // 20}",
                "parent_id": f"s{number - number % 20}" if number % 20 else None,
                "status": "failed" if is_last else "succeeded",
                "started_at": begin.isoformat(),
                "duration_ms": 15 if number % 20 else 400,
                "output": {} if has_failed and number == told // 2 else {"value": number, "rows": [1, 2, 3]},
                **({"error": "KeyError: 'rows'"} if is_last else {}),
            }
        )
    end = started + timedelta(milliseconds=20 * steps)
    status = "failed" if has_failed else "succeeded"
    times = {"started_at": started.isoformat(), "finished_at": end.isoformat()}
    return {"id": name, "workflow": f"Workflow of {steps}", "status": status, **times, "steps": rows}


def fill(team_id: Any, steps: int, now: datetime) -> None:
    """Healthy executions and one that failed, through the product's own acceptance, folded as the worker does."""
    from ingestion.acceptance import accept
    from ingestion.adapters.rest import parse_item
    from monitoring.store.rollups import fold_all

    for number in range(HEALTHY):
        told = raw(f"{steps}-good-{number}", steps, now - timedelta(minutes=number + 5), has_failed=False)
        accept(team_id, [(0, parse_item(0, told, now))], now=now)
    bad = raw(f"{steps}-bad", 2 * steps, now - timedelta(minutes=2), has_failed=True)
    accept(team_id, [(0, parse_item(0, {**bad, "workflow": f"Workflow of {steps}"}, now))], now=now)
    fold_all(team_id=team_id)


def timed(work: Callable[[], Any], repeats: int = REPEATS) -> dict[str, float]:
    """The median time and CPU time of this process, in ms, after two runs that do not count."""
    found = clock.timed(clock.backend(), work, repeats=repeats)
    return {"wall_ms": found["wall_ms"], "cpu_ms": found["python_cpu_ms"]}


def measure(stage: Stage) -> dict[str, Any]:
    """The page, making its reference, and a whole diagnosis, by the number of steps; the longest in a browser, too."""
    from django.conf import settings
    from django.test import Client

    from accounts.services.teams import create_team_with_owner
    from bench.filling import analyze
    from monitoring.identity import execution_id

    made = create_team_with_owner(name="Bench replay", email="replay@example.com")
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(made.owner)
    now, figures, address = datetime.now(UTC), {}, ""
    for steps in SIZES:
        fill(made.team.id, steps, now)
        analyze()
        # As the web process does once it is loaded; that one has not filled anything before.
        gc.collect()
        gc.freeze()
        execution = execution_id(made.team.id, f"{steps}-bad")
        address = f"/t/{made.team.slug}/executions/{execution}/"
        figures[str(steps)] = timed_page(made.team.id, execution, partial(client.get, address), now)
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    in_browser = usable(stage, (session.key, session.value), address)
    limits = {"limit_page_ms": LIMIT_MS, "limit_loaded_ms": LIMIT_USABLE_MS}
    return {"steps": figures, "in_browser": in_browser, **limits}


def timed_page(team_id: UUID, execution: UUID, get: Callable[[], Any], now: datetime) -> dict[str, Any]:
    """One execution: its diagnosis with a new reference, its page never examined before, and its page as it is."""
    from accounts.tenancy import team_context
    from monitoring.models import Examination, HealthyReference
    from monitoring.services.diagnosis import diagnose

    def diagnose_anew() -> None:
        with team_context(team_id):
            HealthyReference.objects.all().delete()
            diagnose(team_id, execution, now)

    def page() -> None:
        if get().status_code != 200:
            raise RuntimeError("the page does not answer")

    def page_anew() -> None:
        with team_context(team_id):
            Examination.objects.all().delete()
        page()

    return {
        "reference_and_diagnosis": timed(diagnose_anew, 3),
        "page_never_examined": timed(page_anew),
        "page": timed(page),
    }
