"""Success criteria on pages: set and tried, and shown wherever an empty success matters."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport
from monitoring.identity import execution_id
from monitoring.models import CriteriaCheck, SuccessCriterion
from monitoring.statuses import Status
from monitoring.store.criteria import forget_criteria
from monitoring.store.criteria_check import DELAY, check_batch, check_due
from tests.factories import NOW, report, store
from tests.monitoring.store.test_criteria import criterion
from tests.reading import without_help

pytestmark = pytest.mark.django_db
NUMBER = "output.number"


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def run(hours: int, **fields: Any) -> ExecutionReport:
    end = NOW - timedelta(hours=hours)
    return report(id=f"run-{hours}", started_at=end - timedelta(seconds=5), finished_at=end, **fields)


@pytest.fixture
def history(team: Team) -> Team:
    """Ten runs of `nightly` of which 3, 6 and 9 told no number, and one that failed."""
    store(team, *(run(n, output={"number": n} if n % 3 else {}) for n in range(1, 11)), run(11, status=Status.FAILED))
    return team


@pytest.fixture
def checked(history: Team) -> Team:
    """The same, with a criterion by which all of them were checked."""
    criterion(history, NUMBER, "Invoice has a number")
    check_due(NOW + DELAY, seconds=60)
    store(history, now=NOW)
    return history


def address(team: Team, part: str = "") -> str:
    return f"/t/{team.slug}/workflows/nightly/criteria/{part}"


def text_of(client: Client, url: str, **params: str) -> str:
    response = client.get(url, params)
    assert response.status_code == 200
    return words(response)


def words(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", without_help(response.content.decode()))).split())


def replay_of(team: Team, external_id: str) -> str:
    return f"/t/{team.slug}/executions/{execution_id(team.id, external_id, 1)}/"


def own(team: Team) -> list[tuple[str, str]]:
    with team_context(team.id):
        return list(SuccessCriterion.objects.order_by("position").values_list("name", "expression"))


def test_a_criterion_is_added_and_executions_are_checked(owner_client: Client, history: Team) -> None:
    told = {"name": " Invoice  has a number", "expression": "output.number\n && output"}
    response = owner_client.post(address(history), told)
    assert response["Location"] == address(history)
    assert own(history) == [("Invoice has a number", "output.number && output")]
    text = text_of(owner_client, address(history))
    assert "“Invoice has a number” added." in text
    assert "by owner@harbour.test" in text
    assert "The executions of the last 30 days are checked in a few seconds." in text
    with team_context(history.id):
        workflow = SuccessCriterion.objects.get().workflow_id
    check_batch(history.id, workflow, NOW + DELAY, limit=4)
    assert "4 of 10 executions checked." in text_of(owner_client, address(history, "progress/"))
    check_due(NOW + DELAY, seconds=60)
    assert "10 executions since 13 Jul, 12:00 UTC checked" in text_of(owner_client, address(history, "progress/"))


@pytest.mark.parametrize(
    ("name", "expression", "reason"),
    [
        ("", "output", "Not saved: the name is missing"),
        ("n" * 121, "output", "the name must have at most 120 characters"),
        ("a", "", "the expression is empty"),
        ("a", "output[", "the expression is not a JMESPath expression"),
        ("a", "o" * 501, "must have at most 500 characters"),
        ("a", "total > `1`", "reads total, which an execution does not have"),
        ("Invoice has a number", "output", "the name is taken"),
    ],
)
def test_what_cannot_be_saved_is_refused_by_field_and_kept_in_the_form(
    member_client: Client, checked: Team, name: str, expression: str, reason: str
) -> None:
    response = member_client.post(address(checked), {"name": name, "expression": expression})
    assert response.status_code == 422
    assert reason in words(response)
    assert f">{expression}</textarea>" in unescape(response.content.decode())
    assert len(own(checked)) == 1


def test_there_are_at_most_ten(member_client: Client, history: Team) -> None:
    for number in range(10):
        criterion(history, NUMBER, f"c{number}")
    assert "at most 10 criteria. Remove one" in text_of(member_client, address(history))
    response = member_client.post(address(history), {"name": "c10", "expression": NUMBER})
    assert "one too many" in words(response)
    assert len(own(history)) == 10


def test_a_criterion_is_changed_and_removed(member_client: Client, checked: Team) -> None:
    with team_context(checked.id):
        id = SuccessCriterion.objects.get().id
    form = member_client.get(address(checked, f"{id}/"))
    assert "output.number</textarea>" in form.content.decode()
    response = member_client.post(address(checked, f"{id}/"), {"name": "Big", "expression": "output.number > `5`"})
    assert response.status_code == 302
    assert own(checked) == [("Big", "output.number > `5`")]
    bad = member_client.post(address(checked, f"{id}/"), {"name": "Big", "expression": "("})
    assert bad.status_code == 422
    assert member_client.post(address(checked, f"{id}/remove/")).status_code == 302
    assert own(checked) == []
    assert CriteriaCheck.objects.get(team_id=checked.id).finished_at is None
    for part in (f"{id}/", f"{id}/remove/"):
        assert member_client.post(address(checked, part), {"name": "a", "expression": "output"}).status_code == 404


def test_an_expression_is_tried_on_the_latest_before_it_is_saved(member_client: Client, history: Team) -> None:
    def tried(expression: str) -> str:
        return words(member_client.post(address(history, "try/"), {"expression": expression}))

    text = tried("output.number > `4`")
    assert "4 met, 6 not met" in text
    assert "Not met run-1" in text
    assert "output.number 1" in text
    assert "10 cannot be told" in tried("cost_usd < `1`")
    assert "It looks at cost_usd, which nobody told." in tried("cost_usd < `1`")
    assert "starts_with() takes text" in tried("starts_with(steps, 'a')")
    assert "The expression is not a JMESPath expression" in tried("output[")
    assert "Write an expression" in tried("")
    assert own(history) == []


def test_a_sample_too_large_to_try_says_so(
    member_client: Client, history: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitoring.reads.criteria.MAX_SAMPLE_BYTES", 10)
    text = words(member_client.post(address(history, "try/"), {"expression": NUMBER}))
    assert "10 cannot be told" in text
    assert "too large to try it here" in text


def test_without_an_execution_a_criterion_is_saved_all_the_same(member_client: Client, team: Team) -> None:
    store(team, run(1, status=Status.FAILED))
    assert "Nothing to try it on" in text_of(member_client, address(team))
    assert member_client.post(address(team), {"name": "a", "expression": "output"}).status_code == 302


def test_trends_say_who_did_not_meet_what(member_client: Client, checked: Team) -> None:
    page = f"/t/{checked.slug}/workflows/nightly/"
    text = text_of(member_client, page)
    assert "3 of 10 succeeded runs did not meet “Invoice has a number”." in text
    assert "Met criteria 63.6 %" in text
    assert "1 success criterion" in text
    response = member_client.get(page)
    before = response.content.decode().partition("See the 3 unmet samples")[0]
    rows = member_client.get(unescape(re.findall(r'href="(/t/[^"]+)"', before)[-1])).context_data["rows"]  # type: ignore[attr-defined]
    assert {row.external_id for row in rows} == {"run-3", "run-6", "run-9"}


def test_with_several_criteria_those_missed_most_come_first(member_client: Client, checked: Team) -> None:
    criterion(checked, "output.number > `8`", "Large <b>")
    criterion(checked, "cost_usd < `1`", "Cheap")
    check_due(NOW + DELAY, seconds=60)
    store(checked, now=NOW)
    text = text_of(member_client, f"/t/{checked.slug}/workflows/nightly/")
    assert "9 of 10 succeeded runs did not meet “Large <b>” (9), “Invoice has a number” (3)." in text
    assert "1 could not be told and count as met" in text


def test_without_criteria_nothing_is_said_of_them(member_client: Client, history: Team) -> None:
    text = text_of(member_client, f"/t/{history.slug}/workflows/nightly/")
    assert "Met criteria" not in text
    assert "did not meet" not in text
    assert "Set success criteria" in text
    assert "Success criteria" not in text_of(member_client, replay_of(history, "run-3"))


def test_before_executions_are_checked_it_is_said(member_client: Client, history: Team) -> None:
    criterion(history, NUMBER)
    text = text_of(member_client, f"/t/{history.slug}/workflows/nightly/")
    assert "Met criteria not checked" in text
    assert "are checked in a few seconds" in text


def test_the_replay_says_of_each_criterion_whether_it_was_met(member_client: Client, checked: Team) -> None:
    criterion(checked, "cost_usd < `1`", "Cheap")
    criterion(checked, "output", "Something")
    text = text_of(member_client, replay_of(checked, "run-3"))
    assert "run-3 Succeeded, unmet" in text
    assert "Not met Invoice has a number output.number output.number null" in text
    assert "Cannot tell Cheap cost_usd < `1` It looks at cost_usd, which nobody told." in text
    met = text_of(member_client, replay_of(checked, "run-1"))
    assert "Met Something" in met
    assert "The criteria changed since it was counted" in met
    assert "Success criteria" not in text_of(member_client, replay_of(checked, "run-11"))


def test_who_may_not_see_payloads_sees_what_was_counted(client: Client, checked: Team) -> None:
    user = User.objects.create_user("finance@harbour.test", "x")
    Membership.objects.create(team=checked, user=user, role=Role.FINANCE)
    client.force_login(user)
    text = text_of(client, replay_of(checked, "run-3"))
    assert "Not met Invoice has a number" in text
    assert "Your role does not show payloads" in text
    assert "output.number null" not in text
    assert "Met Invoice has a number" in text_of(client, replay_of(checked, "run-1"))
    assert client.get(address(checked)).status_code == 404
    assert "success criterion" not in text_of(client, f"/t/{checked.slug}/workflows/nightly/")


def test_lists_and_exports_tell_unmet_ones_apart(member_client: Client, checked: Team) -> None:
    page = f"/t/{checked.slug}/executions/"
    assert text_of(member_client, page).count("Succeeded, unmet") == 3 + 1
    assert "Status Succeeded, unmet" in text_of(member_client, page, status="unmet")
    for status, count in (("unmet", 3), ("-unmet", 8), ("succeeded", 10)):
        found = member_client.get(page, {"status": status, "format": "json"}).json()["results"]
        assert len(found) == count
        assert {row["is_unmet"] for row in found if row["status"] == "succeeded"} <= {True, False}
    both = member_client.get(f"{page}?status=unmet&status=failed&format=json").json()["results"]
    assert len(both) == 4
    lines = b"".join(member_client.get(page, {"format": "csv"})).decode().splitlines()  # type: ignore[arg-type]
    assert lines[0].endswith(",Met criteria")
    assert sorted(line.rpartition(",")[2] for line in lines[1:]) == [""] + ["no"] * 3 + ["yes"] * 7
    assert "3 unmet" in text_of(member_client, f"/t/{checked.slug}/workflows/")
    figures = member_client.get(f"/t/{checked.slug}/workflows/nightly/?format=json").json()["totals"]
    assert (figures["checked"], figures["unmet"], figures["met_rate"]) == (10, 3, 7 / 11)


def test_the_number_of_queries_does_not_grow(member_client: Client, team: Team) -> None:
    store(team, run(1))
    criterion(team, NUMBER, "c0")

    def queries() -> list[int]:
        forget_criteria()
        counts = []
        for page in (address(team), f"/t/{team.slug}/workflows/nightly/", replay_of(team, "run-1")):
            member_client.get(page)
            with CaptureQueriesContext(connection) as found:
                assert member_client.get(page).status_code == 200
            counts.append(len(found))
        with CaptureQueriesContext(connection) as found:
            member_client.post(address(team, "try/"), {"expression": NUMBER})
        return [*counts, len(found)]

    store(team, run(1))
    few = queries()
    for number in range(1, 10):
        criterion(team, NUMBER, f"c{number}")
    store(team, *(run(number) for number in range(2, 25)))
    assert queries() == few


PARTS = (
    "",
    "try/",
    "progress/",
    "00000000-0000-0000-0000-000000000001/",
    "00000000-0000-0000-0000-000000000001/remove/",
)


@pytest.mark.parametrize("part", PARTS)
def test_strangers_and_the_anonymous_learn_nothing(
    client: Client, stranger_client: Client, other_team: NewTeam, checked: Team, part: str
) -> None:
    for method in ("get", "post"):
        assert getattr(stranger_client, method)(address(checked, part)).status_code == 404
        assert getattr(client, method)(address(checked, part))["Location"].startswith("/sign-in/")
    theirs = f"/t/{other_team.team.slug}/workflows/nightly/criteria/"
    assert stranger_client.post(theirs, {"name": "a", "expression": "output"}).status_code == 404
    assert own(other_team.team) == []


def test_wrong_methods_are_refused(member_client: Client, checked: Team) -> None:
    assert member_client.put(address(checked)).status_code == 405
    for part in PARTS[1:]:
        method = "post" if part == "progress/" else "put" if part.endswith("1/") else "get"
        assert getattr(member_client, method)(address(checked, part)).status_code == 405
