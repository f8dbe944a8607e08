"""Pages of costs speak the reader's language; files, and what is kept, stay English."""

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from billing.models import CostMonth
from tests.billing.budgeting import budget
from tests.billing.lines import add_line
from tests.billing.spending import NOW, november
from tests.languages.pseudo import START, pseudo, spoken

pytestmark = pytest.mark.django_db
FILES = (
    *(f"cost/?format=csv&table={table}" for table in ("workflows", "providers", "models", "changes", "unusual")),
    *("cost/?format=json", "cost/lines/?format=csv", "cost/budgets/?format=csv", "cost/prices/?format=csv"),
    *("cost/resources/?format=csv", "cost/months/?format=csv", "cost/months/2026-11/?format=csv"),
)


@pytest.fixture(autouse=True)
def _in_november() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def finance(member: User, member_client: Client) -> Client:
    Membership.objects.filter(user=member).update(role=Role.FINANCE)
    return member_client


def read(client: Client, address: str) -> str:
    """What an address answers, in the pseudo-language."""
    with spoken():
        answer = client.get(address)
        assert answer.status_code == 200, address
        return (b"".join(answer) if answer.streaming else answer.content).decode()  # type: ignore[arg-type]


@pytest.mark.parametrize("address", FILES)
def test_files_are_english_whoever_asks(finance: Client, team: Team, address: str) -> None:
    november(team)
    budget(team)
    assert START not in read(finance, f"/t/{team.slug}/{address}")


def test_the_cost_page_is_in_the_language_of_its_reader(finance: Client, team: Team) -> None:
    november(team)
    text = read(finance, f"/t/{team.slug}/cost/")
    for words in ("What did it cost, and where is it going?", "Spent on failed runs", "Daily cost by provider"):
        assert pseudo(words) in text


def test_what_a_closed_month_keeps_is_english_and_its_page_is_not(finance: Client, team: Team) -> None:
    add_line(team)
    page = f"/t/{team.slug}/cost/months/2026-08/"
    reason = "the invoice comes in September"
    with spoken():
        refused = finance.post(f"{page}close/", {})
        assert pseudo("needs a reason of")[:12] in refused.content.decode()
        finance.post(f"{page}close/", {"reconciled": reason, "unpriced": reason, "rates": reason, "sources": reason})
    with team_context(team.id):
        kept = CostMonth.objects.get(team=team).checklist
    assert kept["reconciled"] == {
        "words": "Each provider agrees with its statement",
        "open": ["openai has no statement"],
        "reason": reason,
    }
    text = read(finance, page)
    assert pseudo("Each provider agrees with its statement") in text
    assert pseudo("Closed") in text
