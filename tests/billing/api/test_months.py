"""Months, entries, statements and bookings by the API: the figures of the pages, the same refusals."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import ApiKey, Membership, Scope, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from billing.models import CostEvent, CostMonth
from tests.billing.lines import add_line
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db
URL = "/api/v1/costs/"
NOW = datetime(2026, 9, 3, 12, 0, tzinfo=UTC)
CREDIT = {"entry": "credit", "amount": "-1.5", "day": "2026-08-31", "reason": "Outage", "key": "c1"}
HEAD = "day,model,amount,currency,tokens\n"


@pytest.fixture(autouse=True)
def _in_september() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def call(client: Client, api_key: str, owner: User) -> Any:
    """Calls with a key of the owner that may change costs."""
    for key in ApiKey.objects.all():
        key.scopes, key.created_by = [*key.scopes, Scope.COST], owner
        key.save()

    def do(method: str, path: str, body: Any = None) -> Any:
        told = {"content_type": "application/json", "headers": {"Authorization": f"Bearer {api_key}"}}
        return client.generic(method, URL + path, data="" if body is None else json.dumps(body), **told)

    return do


@pytest.fixture
def upload(call: Any, client: Client, api_key: str) -> Any:
    """Uploads a statement of August."""

    def do(rows: str, **told: str) -> Any:
        names = {name: name for name in ("day", "model", "amount", "currency", "tokens")}
        file = SimpleUploadedFile("august.csv", (HEAD + rows).encode())
        data = {"provider": "openai", "month": "2026-08", "file": file, **names, **told}
        return client.post(f"{URL}statements/", data, headers={"Authorization": f"Bearer {api_key}"})

    return do


def errors(answer: Any, expect: int = 400) -> dict[str, str]:
    """Reasons by field of a problem document."""
    assert answer.status_code == expect, answer.content
    assert answer["content-type"] == "application/problem+json"
    return {one["field"]: one["reason"] for one in answer.json().get("errors", [])}


def test_a_month_is_closed_with_what_is_accepted(call: Any, team: Team) -> None:
    """Refused by point of the checklist; then closed for the maker of the key, under its name."""
    add_line(team)
    (listed,) = call("GET", "months/").json()["results"]
    assert (listed["month"], listed["state"], listed["cost_usd"], listed["lines"]) == ("2026-08", "open", "0.25", 1)
    points = {one["check"]: one for one in call("GET", "months/2026-08/").json()["checklist"]}
    assert points["reconciled"]["open"] == ["openai has no statement"]
    assert (points["reconciled"]["may_accept"], points["over"]["is_settled"]) == (True, True)
    refused = errors(call("POST", "months/2026-08/close/", {}))
    assert refused == {"reconciled": "needs a reason of 3 to 500 letters to be accepted as it is"}
    unknown = errors(call("POST", "months/2026-08/close/", {"accept": {"weather": "it rains"}}))
    assert unknown == {"accept": "weather is no point of the checklist"}
    closed = call("POST", "months/2026-08/close/", {"accept": {"reconciled": "invoice comes later"}})
    assert closed.status_code == 200, closed.content
    found = closed.json()
    assert (found["state"], found["totals"]["cost_usd"], len(found["digest"])) == ("closed", "0.25", 64)
    assert {one["check"]: one["reason"] for one in found["checklist"]}["reconciled"] == "invoice comes later"
    (event,) = found["history"]
    assert (event["what"], event["by"], bool(event["key"])) == ("closed", "owner@harbour.test", True)
    assert errors(call("POST", "months/2026-08/close/", {})) == {"month": "is closed already"}
    assert errors(call("POST", "months/2026-09/close/", {}))["over"].startswith("must be settled first")
    assert call("GET", "months/August/").status_code == 404


def test_a_key_asks_to_open_a_month_and_cannot_agree(call: Any, team: Team, owner_client: Client) -> None:
    """It stands for its maker, who cannot agree on the page either; a second person can."""
    add_line(team)
    call("POST", "months/2026-08/close/", {"accept": {"reconciled": "later"}})
    assert errors(call("POST", "months/2026-08/reopening/", {"action": "ask"})) == {
        "reason": "must have 3 to 500 letters"
    }
    asked = call("POST", "months/2026-08/reopening/", {"action": "ask", "reason": "a wrong invoice"})
    assert asked.json()["state"] == "reopening"
    assert "a wrong invoice" in [one["reason"] for one in asked.json()["history"]]
    refused = call("POST", "months/2026-08/reopening/", {"action": "agree"})
    assert refused.status_code == 403
    assert "a key says who made it, not who uses it" in refused.json()["detail"]
    page = owner_client.post("/t/harbour/cost/months/2026-08/reopen/", {"action": "agree"})
    assert page.status_code == 422
    second = User.objects.create_user("second@harbour.test", PASSWORD)
    Membership.objects.create(team=team, user=second, role=Role.FINANCE)
    other = Client()
    other.force_login(second)
    assert other.post("/t/harbour/cost/months/2026-08/reopen/", {"action": "agree"}).status_code == 302
    with team_context(team.id):
        assert CostMonth.objects.get().state == "open"


def test_a_key_whose_maker_is_gone_cannot_ask(call: Any, team: Team) -> None:
    """Nobody would be the first of two. To withdraw is for makers, too; each says why."""
    add_line(team)
    call("POST", "months/2026-08/close/", {"accept": {"reconciled": "later"}})
    call("POST", "months/2026-08/reopening/", {"action": "ask", "reason": "a wrong invoice"})
    assert call("POST", "months/2026-08/reopening/", {"action": "withdraw"}).json()["state"] == "closed"
    ApiKey.objects.update(created_by=None)
    refused = call("POST", "months/2026-08/reopening/", {"action": "ask", "reason": "a wrong invoice"})
    assert (refused.status_code, "The one who made this key is gone" in refused.json()["detail"]) == (403, True)


def test_an_entry_is_booked_read_and_removed(call: Any, team: Team) -> None:
    """The same key again books nothing more; who did it is kept."""
    add_line(team)
    made = call("POST", "entries/", {**CREDIT, "workflow": "nightly", "tags": {"customer": "acme"}})
    assert made.status_code == 201, made.content
    found = made.json()
    assert (found["cost_usd"], found["amount"], found["currency"], found["rate_usd"]) == ("-1.5", "-1.5", "USD", None)
    assert (found["workflow"], found["tags"], found["entry"]) == ("nightly", {"customer": "acme"}, "credit")
    assert found["by"].endswith("of owner@harbour.test")
    assert call("POST", "entries/", CREDIT).json()["id"] == found["id"]
    assert call("GET", "entries/?month=2026-08").json() == {"month": "2026-08", "results": [found]}
    assert call("GET", "entries/").json()["results"] == []
    assert call("GET", f"entries/{found['id']}/").json() == found
    assert call("DELETE", f"entries/{found['id']}/").status_code == 204
    assert call("DELETE", f"entries/{found['id']}/").status_code == 404
    assert call("GET", "entries/x/").status_code == 404
    with team_context(team.id):
        events = CostEvent.objects.filter(subject="entry").order_by("what")
        assert [(one.what, bool(one.key_name)) for one in events] == [("added", True), ("removed", True)]


@pytest.mark.parametrize(
    ("told", "field", "reason"),
    [
        ({"amount": "0"}, "amount", "must not be 0"),
        ({"amount": "-1,5"}, "amount", "must be written with a point"),
        ({"amount": "-9999999999999"}, "amount", "at most 12 digits"),
        ({"currency": "EUR"}, "currency", "must be USD"),
        ({"day": "2026-13-01"}, "day", "Date has wrong format"),
        ({"reason": ""}, "reason", "may not be blank"),
        ({"workflow": "none"}, "workflow", "is not known"),
        ({"tags": {"a=b": "c"}}, "tags", "without ="),
        ({"entry": "usage"}, "entry", "not a valid choice"),
    ],
)
def test_an_entry_is_refused_by_field(call: Any, team: Team, told: dict[str, Any], field: str, reason: str) -> None:
    """With the reason and the limit."""
    assert reason in errors(call("POST", "entries/", {**CREDIT, **told}))[field]
    assert call("GET", "entries/?month=2026-08").json()["results"] == []


def test_a_statement_is_uploaded_compared_booked_and_removed(call: Any, upload: Any, team: Team) -> None:
    """The difference is looked at, booked once, and goes with the statement."""
    add_line(team)
    made = upload("2026-08-12,gpt-5,0.35,USD,1100\n")
    assert made.status_code == 201, made.content
    id = made.json()["id"]
    assert made.json()["uploaded_by"] == "owner@harbour.test"
    assert [one["id"] for one in call("GET", "statements/?month=2026-08").json()["results"]] == [id]
    assert call("GET", "statements/?month=2026-07").json()["results"] == []
    found = call("GET", f"statements/{id}/").json()
    assert (found["whole"]["difference"], found["whole"]["state"], found["whole"]["left"]) == ("0.10", "red", "0.10")
    (row,) = found["rows"]
    assert (row["day"], row["model"], row["model_key"], list(row["causes"])) == (
        "2026-08-12",
        "gpt-5",
        "5 gpt",
        ["volume", "price"],
    )
    seen = call("GET", f"statements/{id}/bookings/?day=2026-08-12&model_key=5+gpt").json()
    assert (seen["amount_usd"], seen["day"], seen["model"]) == ("0.10", "2026-08-12", "gpt-5")
    body = {"day": "2026-08-12", "model_key": "5 gpt", "seen": seen["seen"]}
    assert "look at it again" in errors(call("POST", f"statements/{id}/bookings/", {**body, "seen": "1"}))["seen"]
    booked = call("POST", f"statements/{id}/bookings/", body)
    assert (booked.status_code, booked.json()["cost_usd"], booked.json()["statement"]) == (201, "0.10", id)
    assert "is booked already" in errors(call("POST", f"statements/{id}/bookings/", body))["statement"]
    (listed,) = call("GET", "reconciliation/?month=2026-08").json()["results"]
    assert (listed["provider"], listed["statement"], listed["left"], listed["state"]) == ("openai", id, "0.00", "green")
    assert call("GET", f"statements/{id}/bookings/?day=2026-08-01&model_key=x").status_code == 404
    assert errors(call("GET", f"statements/{id}/bookings/?day=x"))["day"].startswith("must be a day")
    assert call("DELETE", f"statements/{id}/").status_code == 204
    assert call("GET", "entries/?month=2026-08").json()["results"] == []
    assert call("DELETE", f"statements/{id}/").status_code == 404


def test_a_statement_is_refused_by_line_and_column(upload: Any, call: Any, team: Team) -> None:
    """And nothing of it is kept."""
    assert errors(upload("2026-08-12,m,oops,USD,1\n"))["file"].startswith("line 2, column amount: 'oops'")
    assert errors(upload("2026-08-12,m,1,USD,1\n", month="August")) == {"month": "must be a month, as 2026-11"}
    assert call("GET", "statements/").json()["results"] == []
    assert errors(call("GET", "reconciliation/")) == {"month": "must be told, as 2026-11"}


def test_a_key_that_only_reads_changes_nothing(client: Client, api_key: str, team: Team) -> None:
    """It needs the scope of costs."""
    ApiKey.objects.update(scopes=[Scope.READ])
    head = {"Authorization": f"Bearer {api_key}"}
    assert client.get(f"{URL}months/", headers=head).status_code == 200
    for path in ("months/2026-08/close/", "months/2026-08/reopening/", "entries/", "statements/"):
        assert client.post(URL + path, headers=head).status_code == 403, path
