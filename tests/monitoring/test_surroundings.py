"""Verdicts from stored runs: usual ranges, beginnings, scope and freshness; the same on the page and in the list."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport, Failure
from monitoring.analysis.verdict import Kind, Scope, Subject
from monitoring.models import Workflow
from monitoring.reads.trends_page import TrendsPage, load
from monitoring.reads.workflows import listing
from monitoring.services.baselines import build_all
from monitoring.statuses import Status
from monitoring.windows import Window
from tests.factories import NOW, report, step, store

pytestmark = pytest.mark.django_db
WEEK = Window(NOW - timedelta(days=7), NOW, minutes_from=NOW - timedelta(hours=48))


def run(hours: float, *, fails: str = "", seconds: float = 10, **fields: Any) -> ExecutionReport:
    """A run of `nightly` that ended so many hours before `NOW`, with steps `fetch` and `save`; `fails` names one."""
    end = NOW - timedelta(hours=hours)
    start = end - timedelta(seconds=seconds)
    error = Failure(type="Timeout", message="no answer") if fails else None
    status = Status.FAILED if fails else Status.SUCCEEDED

    def visit(node: str, position: int, system: str) -> Any:
        is_failed = node == fails
        return step(
            node=node,
            position=position,
            external_system=system,
            status=Status.FAILED if is_failed else Status.SUCCEEDED,
            error=error if is_failed else None,
            started_at=start,
            ended_at=end,
        )

    steps = [visit("fetch", 1, "crm.example"), visit("save", 2, "db.example")]
    told = {"status": status, "error": error, "started_at": start, "finished_at": end, "steps": steps, "release": "1"}
    return report(**{**told, **fields})


def healthy(days: int = 28, start_day: int = 0, every: int = 2, **fields: Any) -> list[ExecutionReport]:
    """Runs every two hours, one in forty failed somewhere."""
    numbers = range(start_day * 24 // every, days * 24 // every)
    nodes = {5: "fetch", 25: "save"}
    return [run(every * number + 1, fails=nodes.get(number % 40, ""), **fields) for number in numbers]


def page_of(team: Team, window: Window = WEEK, name: str = "nightly") -> TrendsPage:
    with team_context(team.id):
        return load(team.id, Workflow.objects.get(name=name), window, environment="production", now=NOW)


def test_failures_beyond_the_usual_range_are_to_be_watched(team: Team) -> None:
    bad = [run(n / 4 + 1, fails="save" if n % 3 == 0 else "") for n in range(90)]
    store(team, *healthy(start_day=1, every=1), *bad)
    build_all(NOW)
    with team_context(team.id):
        Workflow.objects.update(objective_success_rate=0.5)
    found = page_of(team, Window(NOW - timedelta(days=1), NOW)).verdict
    assert found.kind is Kind.WATCH
    assert "is not as usual" in found.sentence
    assert "above the usual" in found.sentence


def test_a_beginning_coincides_with_its_release_and_is_local(team: Team) -> None:
    bad = [run(n / 2 + 1, fails="save", release="2") for n in range(60)]
    good = [run(n / 2 + 31, release="1") for n in range(240)]
    store(team, *good, *bad)
    build_all(NOW)
    page = page_of(team)
    assert page.began is not None
    assert abs(page.began.at - (NOW - timedelta(hours=31))) <= timedelta(hours=3)
    coincidences = page.verdict.decision.surroundings.coincidences
    assert any(one.kind.value == "release" and one.events[0].name == "2" for one in coincidences)
    reach = page.verdict.decision.reach
    assert reach is not None
    assert reach.scope is Scope.LOCAL
    # Only `save` calls it: the system and the step say the same.
    assert "concentrated in the external system db.example: 100% of them (60), 2.0" in page.verdict.scope_words


def test_two_unrelated_steps_that_fail_more_than_usual_are_systemic(team: Team) -> None:
    bad = [run(n / 2 + 1, fails=("save", "fetch", "")[n % 3]) for n in range(90)]
    store(team, *healthy(start_day=2), *bad)
    build_all(NOW)
    found = page_of(team, Window(NOW - timedelta(days=2), NOW)).verdict
    assert found.scope is Scope.SYSTEMIC
    assert "fetch and save fail more than usual" in found.scope_words


def test_another_workflow_that_began_at_the_same_time_is_systemic(team: Team) -> None:
    for name in ("nightly", "other", "third"):
        good = [run(n + 25, workflow=name) for n in range(140)]
        store(team, *good, *(run(n / 4 + 1, fails="save", workflow=name) for n in range(90)))
    found = page_of(team).verdict
    assert found.scope is Scope.SYSTEMIC
    assert "another workflow began to fail at the same time (other workflow other and 1 more" in found.scope_words


def test_without_a_success_for_long_it_is_to_be_watched_and_with_an_objective_not_stable(team: Team) -> None:
    old = [run(26 + n) for n in range(100)]
    store(team, *old)
    build_all(NOW)
    found = page_of(team).verdict
    assert found.kind is Kind.WATCH
    assert "No run has succeeded for 1 d 2 h" in found.sentence
    with team_context(team.id):
        Workflow.objects.update(objective_freshness_ms=24 * 3_600_000)
    missed = page_of(team).verdict
    assert missed.kind is Kind.NOT_STABLE
    assert missed.sentence == "The last success was 1 d 2 h ago; the objective of 1 d is missed."


def test_the_last_success_is_known_when_none_of_the_latest_runs_succeeded(team: Team) -> None:
    store(team, *(run(30 + n) for n in range(60)), *(run(n / 10 + 1, fails="save") for n in range(250)))
    fresh = page_of(team).verdict.decision.surroundings.freshness
    assert fresh is not None
    assert fresh.last_success_at == NOW - timedelta(hours=30)


def test_too_fast_a_burn_is_to_be_watched(team: Team) -> None:
    last_hour = [run(n / 60, fails="save" if n % 2 else "") for n in range(1, 50)]
    store(team, *(run(n / 20 + 1) for n in range(1, 2600)), *last_hour)
    with team_context(team.id):
        Workflow.objects.update(objective_success_rate=0.98)
    found = page_of(team).verdict
    burn = next(one for one in found.decision.judgements if one.subject is Subject.BURN)
    assert burn.kind is Kind.WATCH
    assert any("the error budget of 2% allows" in fact for fact in found.facts)


def test_a_proposed_objective_judges_until_somebody_sets_one(team: Team) -> None:
    store(team, *healthy(every=1))
    build_all(NOW)
    found = page_of(team).verdict
    assert found.kind is Kind.STABLE
    assert any(fact.startswith("Proposed objective for the success rate") for fact in found.facts)
    with team_context(team.id):
        Workflow.objects.update(objective_success_rate=0.5)
    assert not any("Proposed" in fact for fact in page_of(team).verdict.facts)


def test_the_list_has_the_verdicts_of_the_pages_in_as_many_queries_for_twenty(team: Team) -> None:
    store(team, *healthy(), *healthy(days=5, workflow="short"), run(1, fails="save", workflow="new"))
    build_all(NOW)
    with team_context(team.id), CaptureQueriesContext(connection) as few:
        rows = listing(team.id, WEEK, NOW, environment="production")
    for row in rows:
        page = page_of(team, name=row.name)
        assert (row.verdict.kind, row.verdict.sentence) == (page.verdict.kind, page.verdict.sentence), row.name
    store(team, *(run(1, workflow=f"more-{n}") for n in range(20)))
    build_all(NOW)
    with team_context(team.id), CaptureQueriesContext(connection) as many:
        listing(team.id, WEEK, NOW, environment="production")
    assert len(many) == len(few)
