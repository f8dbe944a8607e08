"""Server time of the list of failure groups with 5,000 of them, and of the task that follows 1,000 of them.

Groups, their failures (20 each over 30 days, in ten workflows) and diagnoses are made by PostgreSQL itself, read and
changed by the product.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from bench import clock
from bench.filling import analyze
from bench.stage import Stage

GROUPS = 5_000
FAILURES = 20
WORKFLOWS = 10
WATCHED = 1_000
DAYS = 30
REPEATS = 11

_WORKFLOWS = """INSERT INTO workflow (id, team_id, name, slug, type, is_sample, completeness, created_at)
    SELECT id, %(team)s, 'Flow ' || n, 'flow-' || n, '', false, '', now()
    FROM unnest(%(workflows)s::uuid[]) WITH ORDINALITY AS w (id, n)"""
_GROUPS = """INSERT INTO failure_group (team_id, id, workflow_id, title, first_seen_at, last_seen_at)
    SELECT team_id, failure_group_id, min(workflow_id::text)::uuid, 'Error number ' || min(external_id),
        min(counted_at), max(counted_at) FROM execution
    WHERE team_id = %(team)s AND failure_group_id IS NOT NULL GROUP BY 1, 2"""
_FAILURES = """INSERT INTO execution (team_id, id, external_id, origin_id, workflow_id, environment_id,
        retention_class, anchor_day, status, started_at, told_finished_at, received_at, failure_group_id)
    SELECT %(team)s, id, 'e-' || n, id, (%(workflows)s::uuid[])[1 + g %% %(flows)s], %(environment)s, 0, at::date, 8,
        at, at, at, md5('g' || g)::uuid
    FROM (SELECT n, n %% %(groups)s AS g, md5('x' || %(round)s || n)::uuid AS id,
            %(start)s::timestamptz + n * (%(length)s::interval / %(count)s) AS at
        FROM generate_series(1, %(count)s) AS n) AS numbered"""
_DIAGNOSES = """INSERT INTO diagnosis (team_id, id, workflow_id, failure_group_id, counted_at, verdict, kind,
        confidence, first_node, symptom_node, cause_node, cause, evidence, facts, suggestion, basis, computed_at)
    SELECT team_id, id, workflow_id, failure_group_id, counted_at, 'diverged', 'failed', 'high', '', '', '',
        'undecided', '[]', %(facts)s::jsonb, '{}', '', counted_at FROM execution
    WHERE team_id = %(team)s AND failure_group_id IS NOT NULL"""


def measure(stage: Stage) -> dict[str, Any]:
    """The list, then the task: with nothing to find, with 1,000 groups that moved, and with 1,000 that came back."""
    from accounts.services.teams import create_team_with_owner

    made, now = create_team_with_owner(name="Bench triage", email="triage@example.com"), datetime.now(UTC)
    team_id = made.team.id
    given = _given(team_id, now)
    _fill(stage, given)
    figures = {"list": _lists(made, now)}
    groups = _watched(team_id)
    figures["task"] = {
        "nothing_watched": _followed(team_id, now),
        **_decided(team_id, groups, now, stage, given),
    }
    return {"groups": GROUPS, "failures": GROUPS * FAILURES, "watched": WATCHED, **figures}


def _given(team_id: UUID, now: datetime) -> dict[str, Any]:
    from monitoring.analysis.cause import Facts
    from monitoring.identity import LabelKind, label_id, workflow_id
    from monitoring.services.cause import facts_document

    return {
        "team": team_id,
        "workflows": [workflow_id(team_id, f"Flow {n + 1}") for n in range(WORKFLOWS)],
        "flows": WORKFLOWS,
        "environment": label_id(LabelKind.ENVIRONMENT, "production"),
        "groups": GROUPS,
        "count": GROUPS * FAILURES,
        "round": "first",
        "start": now - timedelta(days=DAYS) + timedelta(minutes=1),
        "length": timedelta(days=DAYS) - timedelta(minutes=5),
        "facts": json.dumps(facts_document(Facts(error_message="HTTP 503 from upstream", calls="mail.example"))),
    }


def _fill(stage: Stage, given: dict[str, Any]) -> None:
    from monitoring.store.partitions import ensure

    ensure((0, (given["start"] + timedelta(days=day)).date()) for day in range(DAYS + 1))
    with psycopg.connect(stage.admin_url()) as connection:
        for statement in (_WORKFLOWS, _FAILURES, _GROUPS, _DIAGNOSES):
            connection.execute(statement, given)
            connection.commit()
    analyze()


def _lists(made: Any, now: datetime) -> dict[str, Any]:
    """The page as a browser asks for it, and the API's list of 50 with suggestions."""
    from django.test import Client

    page, program = Client(), Client(headers={"authorization": f"Bearer {made.api_key}"})
    page.force_login(made.owner)
    address = f"/t/{made.team.slug}/groups/"
    return {
        "page_30_days": _timed(lambda: _get(page, f"{address}?from=now-30d")),
        "page_7_days": _timed(lambda: _get(page, address)),
        "page_search": _timed(lambda: _get(page, f"{address}?from=now-30d&q=number+e-77&sort=-last")),
        "api_50_with_causes": _timed(lambda: _get(program, "/api/v1/groups/")),
    }


def _get(client: Any, address: str) -> None:
    answer = client.get(address, headers={"host": "127.0.0.1"})
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}")


def _watched(team_id: UUID) -> list[UUID]:
    from accounts.tenancy import team_context
    from monitoring.models import FailureGroup

    with team_context(team_id):
        return list(FailureGroup.objects.order_by("id").values_list("id", flat=True)[:WATCHED])


def _decided(team_id: UUID, groups: list[UUID], now: datetime, stage: Stage, given: dict[str, Any]) -> dict[str, Any]:
    """Groups are ignored until 1,000 more failures, fail again, are resolved, and fail once more."""
    from accounts.tenancy import team_context
    from monitoring.analysis.triage import EventKind, Terms
    from monitoring.services.triage import decide

    def change(kind: EventKind, terms: Terms, at: datetime) -> dict[str, float]:
        began = time.perf_counter()
        for start in range(0, WATCHED, 500):
            with team_context(team_id):
                part = groups[start : start + 500]
                decide(team_id=team_id, group_ids=part, kind=kind, terms=terms, by="bench", now=at)
        return {"wall_ms": (time.perf_counter() - began) * 1000}

    half = now - timedelta(days=DAYS / 2)
    found = {"ignore_1000": change(EventKind.IGNORED, Terms(count=1_000), half)}
    found["watched_and_moved"] = _followed(team_id, now)
    found["watched_and_quiet"] = _timed(lambda: _follow(now))
    change(EventKind.RESOLVED, Terms(), half)
    found["came_back"] = _followed(team_id, now)
    return found


def _followed(team_id: UUID, now: datetime) -> dict[str, float]:
    """Turns of the task until it finds nothing more to look at."""
    from accounts.tenancy import team_context
    from monitoring.reads.triage_watch import due_groups

    changed: list[int] = []

    def work() -> None:
        is_due = True
        while is_due:
            changed.append(_follow(now))
            with team_context(team_id):
                is_due = bool(due_groups(team_id, now, 1))

    spent = clock.spend(clock.backend(), work)
    return {
        "turns": len(changed),
        "changed": sum(changed),
        "wall_ms": spent.wall * 1_000,
        "python_cpu_ms": spent.python * 1_000,
        "postgres_cpu_ms": spent.postgres * 1_000,
    }


def _follow(now: datetime) -> int:
    from monitoring.services.triage_watch import follow

    return follow(now)


def _timed(work: Callable[[], Any]) -> dict[str, float]:
    """Of several runs, without the first."""
    return clock.timed(clock.backend(), work, repeats=REPEATS, warm=1)
