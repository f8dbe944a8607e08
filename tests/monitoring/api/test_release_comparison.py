"""Two releases compared through the API: figures, words, paths, groups."""

import math
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Team
from monitoring.analysis.difference import runs_after_needed
from tests.factories import NOW
from tests.monitoring.api.test_reading import Caller
from tests.monitoring.released import HOUR, store_release

pytestmark = pytest.mark.django_db
COMPARE = "/api/v1/releases/compare"


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def two(team: Team) -> Team:
    """`v1` with 5 % failures until two days ago, then `v2` with 30 %."""
    store_release(team, "v1", 200, 10, ago=48 * HOUR)
    store_release(team, "v2", 100, 30)
    return team


def metrics(found: Any) -> dict[str, Any]:
    return {one["metric"]: one for one in found["metrics"]}


def test_figures_stand_with_their_difference_interval_and_word(two: Team, api_key: str) -> None:
    found = Caller(api_key).get(COMPARE, workflow="nightly", a="v1", b="v2")
    told = metrics(found)
    success = told["success_rate"]
    assert (success["before"], success["after"], success["reading"]) == (0.95, 0.7, "worse")
    assert success["change"] == pytest.approx(-0.25)
    assert success["interval"][0] < success["change"] < success["interval"][1] < 0
    assert (success["runs_before"], success["runs_after"]) == (200, 100)
    for name in ("p50_ms", "p95_ms", "mean_ms"):
        assert told[name]["reading"] == "worse"
        assert told[name]["ratio"] == pytest.approx(21 / 11, rel=0.06)
    # 381 runs bound a p99; the earlier release will never have them.
    assert (told["p99_ms"]["reading"], told["p99_ms"]["more_runs"]) == ("cannot tell", None)
    assert told["cost_usd"]["before"] == pytest.approx(0.012)
    assert told["cost_usd"]["ratio_interval"][0] > 1.5
    assert told["tokens"]["after"] == pytest.approx(202)
    assert (told["retries"]["before"], told["retries"]["reading"]) == (0, "no difference shown")
    assert (told["unmet_rate"]["before"], told["unmet_rate"]["reading"]) == (None, "cannot tell")


def test_paths_and_groups_say_what_is_new_and_what_is_gone(two: Team, api_key: str) -> None:
    found = Caller(api_key).get(COMPARE, workflow="nightly", a="v1", b="v2")
    nodes = {one["node"]: (one["before"], one["after"]) for one in found["nodes"]}
    assert nodes == {"fetch": (200, 100), "store": (200, 0), "cache": (0, 100)}
    assert {(one["node"], one["next"]) for one in found["transitions"]} == {("fetch", "store"), ("fetch", "cache")}
    assert [(one["node"], one["change"]) for one in found["groups"]] == [
        ("cache", "new"),
        ("store", "gone"),
    ]
    assert [one["before"] for one in found["groups"]] == [0, 10]


def test_too_few_runs_say_how_many_more(team: Team, api_key: str) -> None:
    store_release(team, "v1", 200, 20, ago=48 * HOUR)
    store_release(team, "v2", 30, 3)
    success = metrics(Caller(api_key).get(COMPARE, workflow="nightly", a="v1", b="v2"))["success_rate"]
    assert success["reading"] == "cannot tell"
    needed = runs_after_needed(0.1, 0.2, 200)
    assert needed is not None
    assert success["more_runs"] == needed - 30
    assert math.isclose(success["change"], 0)


def test_windows_are_those_in_which_each_was_live_unless_told(two: Team, api_key: str) -> None:
    caller = Caller(api_key)
    found = caller.get(COMPARE, workflow="nightly", a="v1", b="v2")
    # The first run of v2 ended just over 47.5 hours ago; windows are widened to whole hours.
    assert found["before"]["to"] == "2026-08-10T13:00:00Z"
    assert (found["after"]["from"], found["after"]["to"]) == ("2026-08-10T12:00:00Z", "2026-08-12T12:00:00Z")
    told = caller.get(COMPARE, workflow="nightly", a="v1", b="v2", b_from="now-24h", b_to="now")
    assert told["after"]["runs"] == 50
    assert told["after"]["paths"] == 50
    assert caller.get(COMPARE, workflow="nightly", a="v1", b="v2", environment="test")["after"]["runs"] == 0
    assert caller.get(COMPARE, workflow="nightly", a="v1", b="v2", environment="*")["after"]["runs"] == 100


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"a": None}, "a", "required"),
        ({"b": "v9"}, "b", "no release of this name"),
        ({"workflow": "other"}, "workflow", "No workflow has this name"),
        ({"a_from": "soon"}, "a_from", "Not a time"),
        ({"b_from": "now", "b_to": "now-1h"}, "b_from", "Must be before"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    two: Team, api_key: str, changes: dict[str, Any], field: str, reason: str
) -> None:
    told = {"workflow": "nightly", "a": "v1", "b": "v2", **changes}
    answer = Caller(api_key).get(COMPARE, expect=400, **{name: value for name, value in told.items() if value})
    assert [one["field"] for one in answer["errors"]] == [field]
    assert reason in answer["errors"][0]["reason"]


def test_a_stranger_sees_nothing(two: Team, other_team: Any) -> None:
    Caller(other_team.api_key).get(COMPARE, expect=400, workflow="nightly", a="v1", b="v2")
