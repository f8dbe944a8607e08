"""Server time of a verdict from rollups, and of the split of a long tail: `python -m bench verdict`.

Milliseconds inside the process, PostgreSQL's part included: wall time (median) and the process's own CPU time (mean).
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bench import clock
from bench.filling import analyze, fill

SIZE = 100_000
REPEATS = 31
LIMITS_MS = {"verdict": 30.0}


def timed(action: Callable[[], Any]) -> dict[str, float]:
    """The median wall time and the mean CPU time of an action, in milliseconds, and its number of queries."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        action()
    found = clock.timed(clock.backend(), action, repeats=REPEATS, warm=0)
    return {"wall_ms": found["wall_ms"], "cpu_ms": found["python_cpu_ms"], "queries": len(queries)}


def measure() -> dict[str, Any]:
    """A team of its own with `SIZE` executions over 30 days, its busiest workflow."""
    from accounts.services.teams import create_team_with_owner
    from accounts.tenancy import team_context
    from monitoring.services.baselines import build_all

    made, now = create_team_with_owner(name="Bench verdict", email="verdict@example.com"), datetime.now(UTC)
    fill(made.team.id, 0, SIZE, now)
    built: list[int] = []
    spent = clock.spend(clock.backend(), lambda: built.append(build_all(now, team_id=made.team.id)))
    building = {"entries": built[0], "wall_s": spent.wall, "cpu_s": spent.python}
    analyze()
    with team_context(made.team.id):
        return {**figures(made.team.id, now), "baselines": building, "limits_ms": LIMITS_MS}


def figures(team_id: Any, now: datetime) -> dict[str, Any]:
    """The verdict alone (its series and totals are the page's), all verdicts of the list, and the split of the tail."""
    from monitoring.identity import PRODUCTION
    from monitoring.models import Workflow
    from monitoring.reads.cuts import Cut
    from monitoring.reads.figures import together
    from monitoring.reads.rollup_rows import pending
    from monitoring.reads.steps import node_places
    from monitoring.reads.surroundings import judge_workflow, standing
    from monitoring.reads.tail import split_of
    from monitoring.reads.trends import by_workflow
    from monitoring.reads.trends_page import page_series
    from monitoring.windows import Window

    workflow = Workflow.objects.filter(team_id=team_id).order_by("name")[0]
    window = Window(now - timedelta(days=30), now).aligned()
    cut = Cut(team_id, workflow.id, window, PRODUCTION, pending(team_id))
    series = page_series(team_id, window, workflow_id=workflow.id, environment=PRODUCTION)
    totals = together([point.totals for point in series.points])
    places = node_places(team_id, window, workflow_id=workflow.id, environment=PRODUCTION)
    every = list(Workflow.objects.filter(team_id=team_id))
    by_id = by_workflow(team_id, window, environment=PRODUCTION)

    def verdict() -> Any:
        return judge_workflow(cut, workflow, now, totals=totals, series=series, releases=(), places=places)

    def verdicts() -> None:
        stands = standing(team_id, window, now, environment=PRODUCTION)
        for one in every:
            if one.id in by_id:
                stands.judge(one, by_id[one.id])

    return {
        "workflows": len(every),
        "began": verdict().began is not None,
        "verdict": timed(verdict),
        "verdicts_of_list": timed(verdicts),
        "tail_split": timed(lambda: split_of(cut, totals)),
    }
