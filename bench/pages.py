"""Server time of the pages that open every day, at 20,000 and at 100,000 executions.

Milliseconds of the whole request inside the web process (middleware, queries, template), PostgreSQL's part
included, without the network: the median of `REPEATS` after a warm-up. At the larger size also what a first visit
costs in a browser (`bench/browser.py`).
"""

import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from bench.browser import weigh
from bench.stage import Stage

REPEATS = 31
SIZES = (20_000, 100_000)
LIMITS_MS = {
    **{"trends_30d": 50.0, "failed_list": 15.0, "execution_detail": 15.0},
    **dict.fromkeys(("development_30d", "executive_30d", "operations"), 100.0),
}
LIMIT_GROWTH = 1.5
LIMITS_IN_BROWSER = {"kilobytes": 150, "requests": 25, "largest_paint_ms": 1_000, "script_ms": 200}


def reports(first: int, last: int, now: datetime) -> Iterator[tuple[int, Any]]:
    """Executions spread evenly over the last 30 days, as acceptance takes them."""
    import random

    from bench.reports import execution
    from ingestion.adapters.rest import parse_item

    rng = random.Random(first)
    for number in range(first, last):
        started = now - timedelta(days=30) * rng.random()
        raw = execution(rng, 10_000_000 + number, started)
        raw["steps"] = [{k: v for k, v in one.items() if k not in {"input", "output"}} for one in raw["steps"]]
        yield 0, parse_item(0, raw, now)


def fill(team_id: UUID, first: int, last: int, now: datetime) -> None:
    """Stores executions through the product's own acceptance and folds the figures."""
    from ingestion.acceptance import accept
    from monitoring.store.rollups import fold_all

    source = reports(first, last, now)
    while batch := list(islice(source, 200)):
        accept(team_id, batch, now=now)
    fold_all()


def analyze() -> None:
    """What autovacuum would do in time."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def timed(client: Any, path: str) -> float:
    """The median server time of a page in milliseconds. A page that fails ends the measurement."""
    times = []
    for _ in range(REPEATS + 3):
        began = time.perf_counter()
        answer = client.get(path)
        times.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")
    return statistics.median(times[3:])


def addresses(team: Any) -> dict[str, str]:
    """The pages measured, on the busiest kind of object there is."""
    from accounts.tenancy import team_context
    from monitoring.models import Execution, Workflow
    from monitoring.statuses import Status

    with team_context(team.id):
        workflow = Workflow.objects.order_by("name").get(name="Workflow 0")
        failed = Execution.objects.filter(workflow_id=workflow.id, status=Status.FAILED).order_by("-counted_at")[0]
    base = f"/t/{team.slug}"
    return {
        "trends_30d": f"{base}/workflows/{workflow.slug}/?from=now-30d&to=now",
        "failures_30d": f"{base}/workflows/{workflow.slug}/failures/?from=now-30d&to=now",
        "workflows_30d": f"{base}/workflows/?from=now-30d&to=now",
        "development_30d": f"{base}/development/?from=now-30d&to=now",
        "executive_30d": f"{base}/executive/",
        "operations": f"{base}/operations/",
        "cost": f"{base}/cost/",
        "failed_list": f"{base}/executions/?status=failed&from=now-30d&to=now",
        "execution_detail": f"{base}/executions/{failed.id}/",
    }


def measure(stage: Stage) -> dict[str, Any]:
    """Fills a team of its own to each size and times its pages; then opens them in a browser."""
    from django.conf import settings
    from django.test import Client

    from accounts.services.teams import create_team_with_owner

    made = create_team_with_owner(name="Bench pages", email="pages@example.com")
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(made.owner)
    now, filled, figures = datetime.now(UTC), 0, {}
    for size in SIZES:
        began = time.perf_counter()
        fill(made.team.id, filled, size, now)
        filled = size
        analyze()
        told = {name: timed(client, path) for name, path in addresses(made.team).items()}
        figures[str(size)] = {**told, "fill_wall_s": time.perf_counter() - began}
    small, large = (figures[str(size)] for size in SIZES)
    growth = {name: large[name] / small[name] for name in small if name != "fill_wall_s"}
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    in_browser = weigh(stage, (session.key, session.value), addresses(made.team))
    limits = {"limits_ms": LIMITS_MS, "limit_growth": LIMIT_GROWTH, "limits_in_browser": LIMITS_IN_BROWSER}
    return {"server_ms": figures, "growth": growth, "in_browser": in_browser, **limits}
