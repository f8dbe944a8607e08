"""The weekly review as a program reads it."""

import pytest
from django.utils import timezone

from accounts.models import Team
from tests.monitoring.api.test_reading import Caller
from tests.monitoring.reviewing import AFTER, NAME, store_events, store_weeks

REVIEW = "/api/v1/review"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AFTER)


@pytest.fixture
def caller(api_key: str) -> Caller:
    return Caller(api_key)


def test_it_has_what_the_page_has(caller: Caller, team: Team) -> None:
    store_weeks(team)
    store_events(team)
    found = caller.get(REVIEW)
    assert (found["week"], found["is_over"], found["role"]) == (NAME, True, "owner")
    assert found["headline"] == "1 workflow got worse"
    assert (found["figures"]["runs"], found["figures"]["cost_usd"], found["figures"]["waste_usd"]) == (220, 4.84, 1.26)
    sections = {one["section"]: one["tables"] for one in found["sections"]}
    (worse,) = sections["worse"]
    assert worse["rows"][0][0] == "Lead"
    assert worse["rows"][0][5] == pytest.approx(-0.18)
    assert worse["links"] == [f"/t/{team.slug}/workflows/lead/"]
    assert caller.get(REVIEW + "/", week=NAME) == found


def test_a_role_has_its_sections(caller: Caller, team: Team) -> None:
    store_weeks(team)
    found = caller.get(REVIEW, week=NAME, role="finance")
    assert [one["section"] for one in found["sections"]] == ["spent", "cost"]
    assert "company" not in str(found)


def test_an_environment_without_runs_knows_nothing(caller: Caller, team: Team) -> None:
    store_weeks(team)
    found = caller.get(REVIEW, environment="staging")
    assert (found["figures"]["runs"], found["figures"]["success_rate"], found["success_change"]) == (0, None, None)
    assert caller.get(REVIEW, environment="*")["figures"]["runs"] == 220


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [("week", "2026-W60", "2026-W47"), ("week", "2026-W34", "up to the present"), ("role", "boss", "finance")],
)
def test_what_cannot_be_meant_names_the_field_and_what_is_allowed(
    caller: Caller, field: str, value: str, allowed: str
) -> None:
    error = caller.get(REVIEW, expect=400, **{field: value})["errors"][0]
    assert error["field"] == field
    assert allowed in str(error)
