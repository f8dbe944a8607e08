"""What the pages of the flow share: addresses that keep the view, the step rail, chips and environments."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from django.http import QueryDict

from accounts.models import Team
from monitoring.analysis.intervals import Interval, wilson
from monitoring.filters import parse_filters
from monitoring.models import Workflow
from monitoring.views.shell import (
    Scope,
    clear_href,
    environment_links,
    filter_chips,
    step_rail,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 8, 12, 12, 0, tzinfo=UTC)


RATE = wilson(95, 100)


@dataclass(frozen=True)
class Figures:
    runs: int = 100
    failed: int = 4
    timed_out: int = 1
    success: Interval | None = RATE
    is_failures_only: bool = False


def scope(query: str = "", environments: tuple[str, ...] = ("production",), objective: float | None = 0.97) -> Scope:
    workflow = Workflow(name="Nightly", slug="nightly", objective_success_rate=objective)
    filters = parse_filters(QueryDict(query), NOW)
    return Scope(Team(name="Harbour", slug="harbour"), workflow, filters, environments, NOW)


def test_the_rail_says_what_each_step_found() -> None:
    rail = step_rail(scope(), Figures(), current=2)
    assert [step.state for step in rail] == ["done", "current", "", "", ""]
    assert rail[0].note == "95.0% succeed, objective 97%"
    assert rail[1].note == "5 of 100 runs"
    assert rail[2].href.endswith("#samples")
    assert rail[3].href.endswith("/failures/?from=now-7d&to=now#groups")
    assert rail[4].href.endswith("/improvements/?workflow=nightly")
    assert rail[4].note == "No change planned yet"


def test_the_rail_says_that_only_failures_are_reported() -> None:
    rail = step_rail(scope(objective=None), Figures(success=None, is_failures_only=True), current=1)
    assert rail[0].note.startswith("Only failures are reported")


def test_the_rail_leads_to_the_replay_that_the_page_knows() -> None:
    rail = step_rail(scope(), None, current=3, replay_href="/here/", notes={3: "run-7"})
    assert (rail[2].href, rail[2].note, rail[0].note) == ("/here/", "run-7", "")


def test_the_rail_of_a_range_without_failures_offers_none() -> None:
    rail = step_rail(scope(objective=None), Figures(failed=0, timed_out=0, success=None), current=1)
    assert [step.note for step in rail[:3]] == ["No finished runs", "None in this range", "No failure to replay"]


def test_addresses_keep_the_range_and_drop_the_cursor() -> None:
    here = scope("from=now-30d&env=staging&step=fetch&after=abc&sort=-time")
    assert here.href("failures") == "/t/harbour/workflows/nightly/failures/?from=now-30d&to=now&env=staging&step=fetch"
    assert here.href("trends") == "/t/harbour/workflows/nightly/?from=now-30d&to=now&env=staging"
    assert here.href("failures", step=None, error="boom").endswith("env=staging&error=boom")


def test_chips_take_their_own_filter_away() -> None:
    here = scope("status=failed&status=-timed_out&step=fetch&q=abc&group=7")
    chips = filter_chips(here, {("group", "7"): "Timeout"})
    assert [(chip.name, chip.value, chip.excluded) for chip in chips] == [
        ("Status", "Failed", False),
        ("Status", "Timed out", True),
        ("Step", "fetch", False),
        ("Failure group", "Timeout", False),
        ("Search", "abc", False),
    ]
    assert "status=-timed_out" in chips[0].remove_href
    assert "status=failed" not in chips[0].remove_href
    assert clear_href(here) == "?from=now-7d&to=now"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "production"),
        ("env=staging", "staging"),
        ("env=*", "all environments"),
        ("env=a&env=b", "a or b"),
        ("env=-test", "all environments without test"),
    ],
)
def test_the_environment_is_always_named(query: str, words: str) -> None:
    assert scope(query).environment_words == words


def test_environments_can_be_chosen_where_there_are_several() -> None:
    assert environment_links(scope()) == []
    links = environment_links(scope("env=staging", ("production", "staging")))
    assert [(link.label, link.current) for link in links] == [("production", False), ("staging", True), ("All", False)]
    assert links[0].href == "?from=now-7d&to=now"
