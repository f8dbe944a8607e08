"""The pages of months: the list, the checklist and close of one, opening it again by two people."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from billing.models import CostMonth
from tests.billing.lines import add_line
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 9, 3, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def page(client: Client, path: str = "", expect: int = 200) -> str:
    """A page of months."""
    answer = client.get(f"/t/harbour/cost/months/{path}")
    assert answer.status_code == expect
    if answer.streaming:
        return b"".join(answer.streaming_content).decode()  # type: ignore[arg-type]
    return " ".join(answer.content.decode().split())


def post(client: Client, path: str, expect: int = 200, **told: str) -> str:
    """What a form of the page answers."""
    answer = client.post(f"/t/harbour/cost/months/2026-08/{path}/", told, follow=True)
    assert answer.status_code == expect
    return " ".join(answer.content.decode().split())


@pytest.fixture
def finance_client(team: Team) -> Client:
    """Signed in as somebody of finance."""
    user = User.objects.create_user("finance@harbour.test", PASSWORD)
    Membership.objects.create(team=team, user=user, role=Role.FINANCE)
    client = Client()
    client.force_login(user)
    return client


def test_a_month_is_closed_and_opened_again(team: Team, owner_client: Client, finance_client: Client) -> None:
    """From the checklist to the agreement of a second person."""
    add_line(team)
    text = page(finance_client, "2026-08/")
    assert "openai has no statement" in text
    assert "Accept as it is, because" in text
    refused = post(finance_client, "close", expect=422)
    assert "Not closed: this point needs a reason of 3 to 500 letters to be accepted as it is." in refused
    text = post(finance_client, "close", reconciled="the invoice comes in September")
    assert "August 2026 is closed. What arrives for it later counts in the open month." in text
    assert "Accepted, Each provider agrees with its statement: <bdi>the invoice comes in September</bdi>" in text
    assert "Accepted: <bdi>the invoice comes in September</bdi>" in text
    assert "SHA-256" in text
    text = post(finance_client, "reopen", action="ask", reason="the invoice was wrong")
    assert "Agree and open it" not in text
    assert "the one who asked cannot agree" in post(finance_client, "reopen", expect=422, action="agree")
    assert "Agree and open it" in page(owner_client, "2026-08/")
    text = post(owner_client, "reopen", action="agree")
    assert "August 2026 is open again: its lines follow its records." in text
    assert "Reopening asked" in text
    assert "the invoice was wrong" in text


def test_the_list_says_which_months_are_open(team: Team, owner_client: Client) -> None:
    """With sums, as CSV too."""
    add_line(team, unpriced_tokens=5)
    text = page(owner_client)
    assert "August 2026" in text
    assert "$0.25" in text
    assert page(owner_client, "?format=csv").splitlines()[1] == "2026-08,open,0.25,5,1,,,"


def test_a_month_that_is_not_over_cannot_be_closed(
    team: Team, owner_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The button says why."""
    add_line(team)
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 8, 20, tzinfo=UTC))
    text = page(owner_client, "2026-08/")
    assert "the month ends 1 September 2026, 00:00 UTC" in text
    assert "What cannot be accepted must be settled first." in text
    assert "must be settled first: the month ends" in post(owner_client, "close", expect=422, over="never mind")
    with team_context(team.id):
        assert not CostMonth.objects.exists()


def test_who_may_not_manage_costs_only_reads(team: Team, member_client: Client, stranger_client: Client) -> None:
    """A developer sees the checklist and no form; a stranger sees no page."""
    add_line(team)
    assert "Your role does not close months" in page(member_client, "2026-08/")
    post(member_client, "close", expect=404)
    post(member_client, "reopen", expect=404, action="agree")
    page(stranger_client, expect=404)
    page(stranger_client, "2026-08/", expect=404)


def test_addresses_that_are_no_month(team: Team, owner_client: Client) -> None:
    """No such page; an unknown action is none either."""
    page(owner_client, "August/", expect=404)
    page(owner_client, "2026-13/", expect=404)
    assert owner_client.get("/t/harbour/cost/months/2026-08/close/").status_code == 405
    post(owner_client, "reopen", expect=404, action="burn")
