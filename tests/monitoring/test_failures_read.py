"""What failed runs have in common, and their groups, against records that were stored."""

from datetime import timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport, Failure
from monitoring.analysis.concentration import Finding, Reading
from monitoring.analysis.relations import Relation
from monitoring.filters import Filters, parse_filters
from monitoring.models import Workflow
from monitoring.reads import trends
from monitoring.reads.concentration import Concentration, concentration
from monitoring.reads.failures import values_in_use
from monitoring.reads.groups import FailureGroups, bucket_length, failure_groups
from monitoring.reads.populations import FAILED, POPULATIONS, Population
from monitoring.statuses import Status
from monitoring.windows import Window
from tests.factories import NOW, report, step, store

pytestmark = pytest.mark.django_db
AROUND = "from=2026-08-11T12:00:00Z&to=2026-08-12T13:00:00Z"


def run(number: int, *, fails_at: str = "", **fields: object) -> ExecutionReport:
    """A run of the steps `fetch` (calls crm.example) and `save`, 10 minutes after the one before."""
    at = NOW - timedelta(minutes=10 * (number + 1))
    names = ("fetch", "save")[: 1 if fails_at == "fetch" else 2]
    steps = [
        step(
            id=name,
            node=name,
            position=place,
            started_at=at,
            ended_at=at + timedelta(seconds=5),
            external_system="crm.example" if name == "fetch" else None,
            status=Status.FAILED if name == fails_at else Status.SUCCEEDED,
            error=Failure(type="Timeout", message=f"no answer after {number} s") if name == fails_at else None,
        )
        for place, name in enumerate(names)
    ]
    status = Status.FAILED if fails_at else Status.SUCCEEDED
    times = {"started_at": at, "finished_at": at + timedelta(seconds=10)}
    return report(id=f"run-of-{number}", status=status, steps=steps, **times, **fields)


def filters(query: str = "") -> Filters:
    return parse_filters(QueryDict(f"{AROUND}&{query}"), NOW)


def found_in(team: Team, query: str = "", zone: str = "UTC", population: Population = FAILED) -> Concentration:
    with team_context(team.id):
        workflow, told = Workflow.objects.get(slug="nightly"), filters(query)
        totals = trends.totals(team.id, told.window, workflow_id=workflow.id)
        return concentration(
            team.id, workflow, told, failures=totals.failures, runs=totals.runs, zone=zone, population=population
        )


def groups_in(team: Team, query: str = "") -> FailureGroups:
    with team_context(team.id):
        return failure_groups(team.id, Workflow.objects.get(slug="nightly"), filters(query))


def row(found: Concentration, kind: str, value: str) -> Finding:
    return next(one.finding for one in found.shared if one.row.combination == ((kind, value),))


@pytest.fixture
def mixed(team: Team) -> Team:
    """120 runs: 24 fail at fetch with the tag tier=gold, 4 fail at save, the others succeed."""
    runs = [run(n, fails_at="fetch", tags={"tier": "gold"}, input_type="form") for n in range(24)]
    runs += [run(n, fails_at="save", tags={"tier": "basic"}, input_type="mail") for n in range(24, 28)]
    runs += [run(n, tags={"tier": "basic"}, input_type="form", input={"country": "FI"}) for n in range(28, 120)]
    store(team, *runs)
    return team


def test_a_step_is_compared_with_all_step_runs(mixed):
    found = found_in(mixed)
    fetch = row(found, "step", "fetch")
    assert found.failures == 28
    assert (fetch.failures, fetch.share) == (24, pytest.approx(24 / 28))
    # 120 visits of fetch and 96 of save.
    assert fetch.usual == pytest.approx(120 / 216)
    assert row(found, "system", "crm.example").failures == 24


def test_an_input_type_is_compared_with_all_runs(mixed):
    found = found_in(mixed)
    assert row(found, "input", "form").usual == pytest.approx(116 / 120)
    mail = row(found, "input", "mail")
    # Four failures do not tell a pattern from chance among so many values.
    assert (mail.usual, mail.reading) == (pytest.approx(4 / 120), Reading.AS_USUAL)


def test_a_tag_that_only_failures_have_is_concentrated(mixed):
    gold = row(found_in(mixed), "tag.tier", "gold")
    assert (gold.failures, gold.usual) == (24, pytest.approx(24 / 120))
    assert gold.reading is Reading.CONCENTRATED


def test_hours_are_those_of_the_readers_zone(team):
    store(team, run(0, fails_at="fetch"))
    assert row(found_in(team), "hour", "11:00\N{EN DASH}12:00").failures == 1
    assert row(found_in(team, zone="Asia/Tokyo"), "hour", "20:00\N{EN DASH}21:00").failures == 1


def test_an_error_is_compared_with_the_failures_of_the_period_before(team):
    earlier = [run(200 + n, fails_at="save") for n in range(3)]
    store(team, run(0, fails_at="fetch"), *earlier)
    error = next(one.finding for one in found_in(team).shared if one.finding.kind == "error")
    assert (error.failures, error.usual) == (1, 1.0)


def test_a_filter_on_runs_narrows_what_is_usual_too(mixed):
    found = found_in(mixed, "input=form")
    assert found.failures == 24
    assert row(found, "step", "fetch").usual == pytest.approx(116 / 208)
    assert not [one for one in found.shared if "input" in dict(one.row.combination)]


def test_a_filter_on_failures_keeps_all_runs_as_the_base(mixed):
    found = found_in(mixed, "step=save")
    assert found.failures == 4
    assert row(found, "input", "mail").usual == pytest.approx(4 / 120)


def test_two_values_together_explain_what_each_alone_does_not(team):
    """Only France on v2 fails: France, or v2, alone is too wide an answer."""
    runs = []
    for n in range(160):
        country, release = ("FR", "DE")[n % 2], ("v1", "v2")[n // 2 % 2]
        fails = (country, release) == ("FR", "v2")
        runs.append(run(n % 140, fails_at="save" if fails else "", input={"country": country}, release=release))
        runs[-1].id = f"pair-{n}"
    store(team, *runs)
    found = found_in(team)
    (part,) = found.explanation.parts
    assert dict(part.combination) == {"step": "save", "release": "v2", "input.country": "FR"}
    assert (part.failures, part.covered) == (40, 1.0)
    france = next(one.row for one in found.shared if one.row.combination == (("input.country", "FR"),))
    assert (france.relation, france.because) == (Relation.SHADOW, (("release", "v2"), ("input.country", "FR")))


def test_each_row_tells_when(mixed):
    gold = next(one for one in found_in(mixed).shared if one.row.combination == (("tag.tier", "gold"),))
    assert sum(gold.points) == 24
    assert gold.points[0] == 0


def slow_runs() -> list[ExecutionReport]:
    """100 runs; the six in Japan all take a minute, the others 10 seconds and a bit."""
    runs = []
    for n in range(100):
        is_slow = n < 6
        told = run(n, input={"country": "JP" if is_slow else "FR"})
        told.finished_at = told.started_at + timedelta(seconds=60 if is_slow else 10 + n / 100)
        runs.append(told)
    return runs


def test_slow_runs_are_those_from_the_p95_on(team):
    store(team, *slow_runs())
    found = found_in(team, population=POPULATIONS["slow"])
    assert (found.failures, found.limit) == (6, 60_000)


@pytest.mark.parametrize("query", ["step=nowhere", "status=succeeded", "error=x", "group=not-an-id", "env=none"])
def test_unknown_values_find_nothing(mixed, query):
    assert found_in(mixed, query).failures == 0
    assert groups_in(mixed, query).failures == 0


def test_groups_are_one_a_step_and_error(mixed):
    groups = groups_in(mixed)
    assert [(group.node, group.failures, group.is_new) for group in groups.groups] == [
        ("fetch", 24, True),
        ("save", 4, True),
    ]
    assert (groups.failures, groups.group_count, groups.leading_node) == (28, 2, "fetch")
    assert (sum(groups.leading), sum(groups.others)) == (24, 4)
    assert len(groups.starts) == len(groups.groups[0].points) == len(groups.leading)


def test_a_group_filter_leaves_its_failures(mixed):
    save = groups_in(mixed).groups[1]
    assert groups_in(mixed, f"group={save.id}").failures == 4


@pytest.mark.parametrize("hours", [1, 24, 24 * 7, 24 * 90, 24 * 365 * 40])
def test_buckets_are_round_and_few(hours):
    length = bucket_length(Window(NOW, NOW + timedelta(hours=hours)))
    assert timedelta(hours=hours) / length <= 40


def test_filters_offer_the_values_that_occur(mixed):
    with team_context(mixed.id):
        values = values_in_use(mixed.id, filters().window)
    assert values["step"] == ["fetch", "save"]
    assert values["input"] == ["form", "mail"]
    assert "model" not in values


def test_the_number_of_queries_does_not_depend_on_the_rows(mixed):
    with CaptureQueriesContext(connection) as few:
        found_in(mixed, "step=save")
    with CaptureQueriesContext(connection) as many:
        found_in(mixed)
    assert len(few) == len(many)


def test_another_team_has_none_of_it(mixed, other_team):
    store(other_team.team, run(0, fails_at="save"))
    assert found_in(other_team.team).failures == 1
