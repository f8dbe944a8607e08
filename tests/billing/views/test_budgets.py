"""Pages of budgets: will they hold, what is refused, who may do what."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from billing.models import Budget
from monitoring.identity import workflow_id
from tests.billing.budgeting import budget
from tests.billing.spending import NOW, november

pytestmark = pytest.mark.django_db
FORM = {"name": "All", "scope": "team", "amount": "350", "currency": "USD", "actual": "50, 80%", "forecast": "100"}


@pytest.fixture(autouse=True)
def _in_november() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def pages(team: Team) -> str:
    return f"/t/{team.slug}/cost/budgets/"


@pytest.fixture
def finance(member: User, member_client: Client) -> Client:
    Membership.objects.filter(user=member).update(role=Role.FINANCE)
    return member_client


def read(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status, address
    return response.content.decode()


def csv(client: Client, address: str) -> list[str]:
    return b"".join(client.get(address)).decode().splitlines()


def test_the_list_says_which_will_not_hold_worst_first(finance: Client, team: Team, pages: str) -> None:
    november(team)
    budget(team, "1000", name="Everything <b>")
    leads = {"scope": "workflow", "workflow_id": workflow_id(team.id, "Leads")}
    budget(team, "250", name="Leads", thresholds=[{"on": "actual", "percent": 80}], **leads)
    budget(team, "50", name="Off", scope="provider", value="openai", is_active=False)
    text = read(finance, pages)
    for words in (
        "No: 1 of 2 budgets is passed or will be.", "$232.00, 93%", "80% spent", "workflow Leads",
        "Will be over", "at least $303.50", "Everything &lt;b&gt;", "Open Leads", "New budget", "passed by",
    ):  # fmt: skip
        assert words in text, words
    rows = csv(finance, f"{pages}?format=csv")
    assert [row.split(",")[0] for row in rows] == ["budget", "Leads", "Everything <b>", "Off"]
    assert "2026-11,250,USD,1,250,232." in rows[1]
    assert "Yes: 2 budgets inside." in read(finance, f"{pages}?at=2026-10")


def test_without_one_the_list_says_what_a_budget_is(finance: Client, pages: str) -> None:
    assert "No budget yet" in read(finance, pages)


def test_its_page_answers_and_shows_the_month(finance: Client, team: Team, pages: str) -> None:
    november(team)
    kept = budget(team, "350", thresholds=[{"on": "forecast", "percent": 100}])
    page = f"{pages}{kept.id}/"
    text = read(finance, page)
    for words in (
        "Not at this rate: $41", "of $350.00 by 30 Nov.", "Month against budget", "at least $303.50, 87%",
        "100% by the forecast",
        "1,100 tokens of this month have no price", "amount <b><bdi>350</bdi></b>", "a key", "Nobody owns it",
    ):  # fmt: skip
        assert words in text, words
    course = csv(finance, f"{page}?format=csv")
    assert len(course) == 31
    assert course[1] == "2026-11-01,13.75,,,"
    assert course[22].startswith("2026-11-22,303.50,")
    assert course[-1].startswith("2026-11-30,,41")
    assert csv(finance, f"{page}?format=csv&table=thresholds")[1].startswith("forecast,100,yes,2026-11-2")
    history = csv(finance, f"{page}?format=csv&table=history")
    assert any(",a key,made,amount,,350" in line for line in history)
    assert "Yes: $333.25 of $350.00 was spent." in read(finance, f"{page}?at=2026-10")
    assert "Not at this rate: $41" in read(finance, pages)
    read(finance, f"{pages}{uuid4()}/", 404)


def test_the_cost_page_is_held_against_the_budget_of_what_it_shows(finance: Client, team: Team, pages: str) -> None:
    november(team)
    cost = f"/t/{team.slug}/cost/"
    assert "Will we stay inside the budget?" not in read(finance, cost)
    kept = budget(team, "350")
    text = read(finance, cost)
    for words in (
        "Not at this rate: $41",
        "of $350.00 by 30 Nov.",
        "Month against budget",
        f"{pages}{kept.id}/",
        pages,
    ):
        assert words in text, words
    assert "Not at this rate" not in read(finance, f"{cost}?workflow=Leads")


def test_one_is_made_changed_and_removed(finance: Client, team: Team, pages: str, member: User) -> None:
    november(team)
    assert 'value="80, 100"' in read(finance, f"{pages}new/?scope=workflow&workflow=Leads")
    told = {**FORM, "scope": "workflow", "workflow": "Leads", "owner": f"user:{member.id}", "is_active": "on"}
    made = finance.post(f"{pages}new/", told, follow=True)
    assert "Saved. Alert rules about budgets look at it from now on." in made.content.decode()
    with team_context(team.id):
        kept = Budget.objects.get()
    assert (kept.amount, kept.is_active, kept.owner_id) == (350, True, member.id)
    assert len(kept.thresholds) == 3
    page = f"{pages}{kept.id}/"
    form = read(finance, f"{page}edit/")
    assert 'value="50, 80"' in form
    assert '<option value="Leads" selected>' in form
    assert "Saved." in finance.post(f"{page}edit/", {**told, "amount": "400"}, follow=True).content.decode()
    assert "<bdi>350</bdi> to <b><bdi>400</bdi></b>" in read(finance, page)
    gone = finance.post(f"{page}remove/", follow=True).content.decode()
    assert "Removed the budget All." in gone
    read(finance, page, 404)
    read(finance, f"{page}edit/", 404)
    assert finance.post(f"{page}remove/").status_code == 404


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"amount": "1,500"}, "the amount must be written with a point"),
        ({"amount": "0"}, "the amount must be more than 0"),
        ({"amount": "=1+1"}, "the amount must be a number"),
        ({"actual": "half"}, "the thresholds must be whole percents"),
        ({"actual": "0"}, "the thresholds must be whole percents from 1 to 1,000"),
        ({"scope": "workflow", "workflow": "nowhere"}, "the workflow is not known"),
        ({"scope": "tag", "value": "a=b"}, "the value is no tag of executions"),
        ({"currency": "EUR"}, "the currency has no exchange rate for 2026-11-22"),
        ({"owner": "user:me"}, "the owner must be a member"),
        ({"scope": ""}, "the scope must be one of"),
    ],
)
def test_what_is_refused_stays_in_the_form(
    finance: Client, team: Team, pages: str, fields: dict[str, Any], reason: str
) -> None:
    response = finance.post(f"{pages}new/", {**FORM, **fields})
    assert response.status_code == 422
    assert reason in response.content.decode()
    assert 'value="All"' in response.content.decode()
    with team_context(team.id):
        assert not Budget.objects.exists()


@pytest.mark.parametrize("path", ["", "new/", "{id}/", "{id}/edit/"])
def test_who_may_open_it(
    client: Client, finance: Client, stranger_client: Client, team: Team, pages: str, path: str
) -> None:
    address = pages + path.format(id=budget(team).id)
    assert client.get(address).status_code == 302
    assert stranger_client.get(address).status_code == 404
    assert finance.get(address).status_code == 200
    assert finance.delete(address).status_code == 405


def test_a_developer_sees_and_changes_nothing(
    member_client: Client, team: Team, pages: str, other_team: NewTeam
) -> None:
    kept = budget(team)
    assert "New budget" not in read(member_client, pages)
    assert "Remove" not in read(member_client, f"{pages}{kept.id}/")
    for address in (f"{pages}new/", f"{pages}{kept.id}/edit/", f"{pages}{kept.id}/remove/"):
        assert member_client.post(address, FORM).status_code == 404
    assert member_client.get(f"{pages}{budget(other_team.team).id}/").status_code == 404
