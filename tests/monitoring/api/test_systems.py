"""External systems, models and tools as a program reads them."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Team
from tests.factories import store
from tests.monitoring.api.test_reading import Caller
from tests.monitoring.calling import HOUR, NOW, call, calm, outage

RANGE = {"from": "2026-08-05T12:00:00Z", "to": "2026-08-12T12:00:00Z"}
KINDS = ("systems", "models", "tools")


@pytest.fixture
def caller(api_key: str) -> Caller:
    return Caller(api_key)


@pytest.fixture
def shared_outage(team: Team) -> Team:
    """One system fails in two workflows at once."""
    store(team, *calm("Billing"), *calm("Mail"), *outage("Billing"), *outage("Mail", 8), now=NOW)
    return team


@pytest.mark.usefixtures("new_team")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["", "crm.example/"])
def test_without_a_key_it_is_401_and_post_is_not_allowed(kind: str, name: str, api_key: str) -> None:
    address = f"/api/v1/{kind}/{name}"
    assert Client().get(address).status_code == 401
    assert Client(headers={"x-api-key": api_key}).put(address).status_code == 405


def test_the_list_tells_figures_and_the_decision(shared_outage: Team, caller: Caller) -> None:
    found = caller.get("/api/v1/systems/", **RANGE)
    assert found["count"] == 1
    (row,) = found["results"]
    assert (row["name"], row["workflows"], row["totals"]["runs"], row["totals"]["failed"]) == (
        "crm.example",
        2,
        138,
        18,
    )
    assert row["failure_rate"] == pytest.approx(18 / 138)
    assert row["decision"]["side"] == "them"
    seen = [(one["workflow"], one["failures"], one["calls"]) for one in row["decision"]["failing"]]
    assert seen == [("Billing", 10, 10), ("Mail", 8, 8)]
    assert row["previous"]["runs"] == 0
    assert row["last_call_at"] == "2026-08-12T02:09:00Z"


def test_one_tells_who_depends_on_it(shared_outage: Team, caller: Caller) -> None:
    found = caller.get("/api/v1/systems/crm.example/", **RANGE)
    told = [(one["workflow"], one["node"], one["calls"], one["failures"]) for one in found["dependents"]]
    assert told == [("Billing", "ask", 70, 10), ("Mail", "ask", 68, 8)]
    (error,) = found["top_errors"]
    assert (error["error"], error["failures"], error["workflows"]) == ("HTTPError: <n> from upstream", 18, 2)
    assert found["moments"][0]["workflows"] == ["Billing", "Mail"]
    assert sum(point["runs"] for point in found["series"]) == found["totals"]["runs"] == 138


@pytest.mark.parametrize("typed", ["openai/gpt-4o", "openai~2Fgpt-4o", "openai%2Fgpt-4o"])
def test_names_may_have_slashes(team: Team, caller: Caller, typed: str) -> None:
    store(team, call("A", NOW - HOUR, external_system=None, model="openai/gpt-4o"), now=NOW)
    found = caller.get(f"/api/v1/models/{typed}/")
    assert (found["name"], found["totals"]["runs"]) == ("openai/gpt-4o", 1)


def test_environments_are_one_or_all(team: Team, caller: Caller) -> None:
    store(team, call("A", NOW - HOUR), call("A", NOW - HOUR, environment="staging"), now=NOW)

    def runs(**parameters: Any) -> int:
        return int(caller.get("/api/v1/systems/", **parameters)["results"][0]["totals"]["runs"])

    assert (runs(), runs(environment="staging")) == (2, 1)


def test_another_team_finds_what_nobody_finds(shared_outage: Team, other_team: Any) -> None:
    stranger = Caller(other_team.api_key)
    assert stranger.get("/api/v1/systems/")["results"] == []
    own = stranger.get("/api/v1/systems/crm.example/", expect=404)
    assert own == stranger.get("/api/v1/systems/unheard.of/", expect=404)


def test_what_cannot_be_meant_is_refused(caller: Caller) -> None:
    assert caller.get("/api/v1/tools/", expect=400, **{"from": "soon"})["errors"][0]["field"] == "from"
