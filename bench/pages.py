"""Server time of the pages that open every day, by the number of executions, beside hand-written SQL.

Milliseconds of the whole request inside the web process (middleware, queries, template), PostgreSQL's part included,
without the network: wall time, and CPU time of the process and of PostgreSQL. Teams of all sizes have their turn in the
same rounds (`bench.clock.in_turn`). The kind `pages` measures two sizes, and at the larger one also what a first visit
costs in a browser (`bench.browser`); `bench.growth` measures all.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from bench import plain_sql
from bench.browser import weigh
from bench.clock import in_turn
from bench.filling import Filled, analyze, fill_large
from bench.stage import Stage

ROUNDS, EACH = 7, 5
SIZES = (20_000, 100_000)
LIMITS_MS = {
    **{"trends_30d": 30.0, "failed_list": 15.0, "execution_detail": 15.0},
    **dict.fromkeys(("development_30d", "executive_30d", "operations"), 100.0),
}
LIMIT_GROWTH = 1.5
LIMITS_IN_BROWSER = {"kilobytes": 150, "requests": 25, "largest_paint_ms": 1_000, "script_ms": 200}
# What is measured of a request, and of SQL.
Times = dict[str, float]


def objects(filled: Filled) -> dict[str, Any]:
    """The busiest kind of each object there is."""
    from accounts.tenancy import team_context
    from monitoring.models import Execution, Workflow
    from monitoring.statuses import Status

    with team_context(filled.team.id):
        workflow = Workflow.objects.order_by("name").get(name="Workflow 0")
        failed = Execution.objects.filter(workflow_id=workflow.id, status=Status.FAILED).order_by("-counted_at")[0]
        return {"workflow": workflow, "execution": failed, "group": failed.failure_group_id}


def addresses(filled: Filled) -> dict[str, str]:
    """The pages measured."""
    found = objects(filled)
    base, month = f"/t/{filled.team.slug}", "?from=now-30d&to=now"
    workflow = f"{base}/workflows/{found['workflow'].slug}"
    return {
        "trends_30d": f"{workflow}/{month}",
        "failures_30d": f"{workflow}/failures/{month}",
        "releases": f"{workflow}/releases/",
        "workflows_30d": f"{base}/workflows/{month}",
        "development_30d": f"{base}/development/{month}",
        "executive_30d": f"{base}/executive/",
        "operations": f"{base}/operations/",
        "cost": f"{base}/cost/",
        "groups_30d": f"{base}/groups/{month}",
        "group": f"{base}/groups/{found['group']}/",
        "systems_30d": f"{base}/systems/{month}",
        "models_30d": f"{base}/models/{month}",
        "findings": f"{base}/findings/",
        "incidents": f"{base}/incidents/",
        "list_30d": f"{base}/executions/{month}",
        "failed_list": f"{base}/executions/?status=failed&from=now-30d&to=now",
        "execution_detail": f"{base}/executions/{found['execution'].id}/",
    }


def diagnose_opened(filled: Filled) -> None:
    """Diagnoses the failed execution that is opened, as the worker does some seconds after one has failed: rows that
    PostgreSQL multiplied have not been through it."""
    from accounts.tenancy import team_context
    from monitoring.services.diagnosis import diagnose

    execution = objects(filled)["execution"]
    with team_context(filled.team.id):
        diagnose(filled.team.id, execution.id, filled.until)


def visitor(filled: Filled) -> Any:
    """A client that the team's owner has signed in with."""
    from django.test import Client

    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(filled.made.owner)
    return client


def _visit(client: Any, path: str) -> None:
    answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}")


def serve(stage: Stage, teams: Sequence[Filled]) -> dict[str, dict[str, Times]]:
    """By size (as text) and page: what it takes, and what hand-written SQL takes (`sql_` before the names)."""
    found: dict[str, dict[str, Times]] = {str(filled.size): {} for filled in teams}
    for filled in teams:
        diagnose_opened(filled)
    visits = {str(filled.size): (visitor(filled), addresses(filled)) for filled in teams}
    connection = plain_sql.connect(stage.admin_url())
    names = next(iter(visits.values()))[1]
    for name in names:
        by_hand = _by_hand(connection, teams, name)
        works = {size: partial(_visit, client, paths[name]) for size, (client, paths) in visits.items()}
        for size, times in _in_turn(stage, works).items():
            found[size][name] = times
        for size, times in _in_turn(stage, by_hand).items():
            found[size][name] |= {f"sql_{what}": value for what, value in times.items()}
    connection.close()
    return found


def _in_turn(stage: Stage, works: Mapping[str, Callable[[], Any]]) -> dict[str, Times]:
    return in_turn(stage.postgres_pid(), works, rounds=ROUNDS, each=EACH, warm=4)


def _by_hand(connection: Any, teams: Sequence[Filled], name: str) -> dict[str, Callable[[], Any]]:
    statements = plain_sql.PAGES.get(name)
    if statements is None:
        return {}
    return {str(one.size): plain_sql.reading(connection, statements, _values(one)) for one in teams}


def _values(filled: Filled) -> dict[str, Any]:
    found = objects(filled)
    return {
        **plain_sql.window(filled.until, timedelta(days=30)),
        "team": filled.team.id,
        "workflow": found["workflow"].id,
        "execution": found["execution"].id,
        "day": found["execution"].anchor_day,
    }


def growth(served: Mapping[str, Mapping[str, Times]], what: str) -> dict[str, float]:
    """By page: how often the smallest size's time the largest size's is."""
    sizes = sorted(served, key=int)
    small, large = served[sizes[0]], served[sizes[-1]]
    return {name: large[name][what] / small[name][what] for name in small}


def measure(stage: Stage) -> dict[str, Any]:
    """Fills a team to each size and times its pages; then opens those of the larger one in a browser."""
    from django.conf import settings

    now = datetime.now(UTC)
    teams = [fill_large(f"pages-{size}", size, now) for size in SIZES]
    analyze()
    served = serve(stage, teams)
    client = visitor(teams[-1])
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    in_browser = weigh(stage, (session.key, session.value), addresses(teams[-1]))
    limits = {"limits_ms": LIMITS_MS, "limit_growth": LIMIT_GROWTH, "limits_in_browser": LIMITS_IN_BROWSER}
    return {"server": served, "growth": growth(served, "cpu_ms"), "in_browser": in_browser, **limits}
