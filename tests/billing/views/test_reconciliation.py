"""A provider's statement is uploaded, compared by day and model, explained, exported and removed."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from billing.models import ProviderStatement, StatementLine
from tests.billing.lines import add_line
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db
HEAD = b"day,model,amount,currency,tokens\n"
COLUMNS = {name: name for name in ("day", "model", "amount", "currency", "tokens")}


def upload(client: Client, content: bytes, *, expect: int = 200, **told: Any) -> str:
    """Uploads a file as the form does; the page that follows."""
    data = {"provider": "openai", "month": "2026-08", "file": SimpleUploadedFile("august.csv", content), **told}
    answer = client.post("/t/harbour/cost/reconciliation/", data, follow=True)
    assert answer.status_code == expect, answer.content.decode()[:2000]
    return answer.content.decode()


def page(client: Client, path: str = "", expect: int = 200) -> str:
    """A page of reconciliation."""
    answer = client.get(f"/t/harbour/cost/reconciliation/{path}")
    assert answer.status_code == expect
    if answer.streaming:
        return b"".join(answer.streaming_content).decode()  # type: ignore[arg-type]
    return answer.content.decode()


@pytest.fixture
def finance_client(team: Team) -> Client:
    """Signed in as somebody of finance."""
    user = User.objects.create_user("finance@harbour.test", PASSWORD)
    Membership.objects.create(team=team, user=user, role=Role.FINANCE)
    client = Client()
    client.force_login(user)
    return client


def test_a_statement_whose_name_does_not_end_in_csv_is_refused(team: Team, finance_client: Client) -> None:
    content = HEAD + b"2026-08-12,gpt-5,2.00,USD,8800\n"
    text = upload(finance_client, content, expect=422, file=SimpleUploadedFile("august.pdf", content), **COLUMNS)
    assert "the name of the file must end in .csv" in text
    with team_context(team.id):
        assert not ProviderStatement.objects.exists()


def test_a_statement_is_compared_by_day_and_model(team: Team, finance_client: Client) -> None:
    """Ten lines of $0.25 against $2.60: 3.8% apart, because of more tokens."""
    for _ in range(10):
        add_line(team)
    content = HEAD + b"2026-08-12,gpt-5-2025-08-07,2.00,USD,8800\n2026-08-12,gpt-5-2025-08-07,0.60,USD,2640\n"
    text = " ".join(upload(finance_client, content, **COLUMNS).split())
    assert "august.csv" in text
    assert "The statement says <b>$2.60</b>, here it is <b>$2.50</b>: <b>+$0.10</b>, 3.8% of the statement" in text
    assert "Differs" in text
    # 11,440 tokens there and 11,000 here: 440 at $2.50 / 11,000 are $0.10.
    assert "More or fewer tokens, at what a token costs here" in text
    assert "What a token costs there and here" not in text
    csv = page(finance_client, "2026-08/openai/?format=csv")
    assert csv.splitlines()[1].startswith("2026-08-12,gpt-5,usd,2.50,2.60,0.10,0.03846")
    assert "Differs" in page(finance_client, "?month=2026-08")
    assert "openai,2026-08,usd,2.50,2.60,0.10" in page(finance_client, "?month=2026-08&format=csv")


def test_tokens_that_nobody_told_are_not_zero(team: Team, owner_client: Client) -> None:
    """Cost alone was reported, and the statement tells none either."""
    add_line(team, input_tokens=None, output_tokens=None)
    text = upload(owner_client, HEAD + b"2026-08-12,gpt-5,0.30,USD,\n", **COLUMNS)
    assert "Tokens: not told here, not told there" in text


def test_a_newer_statement_stands_in_for_the_earlier_one(team: Team, owner_client: Client) -> None:
    """The same month twice is one month; removing it leaves none."""
    add_line(team)
    upload(owner_client, HEAD + b"2026-08-12,gpt-5,9,USD,1\n", **COLUMNS)
    assert "Agrees" in upload(owner_client, HEAD + b"2026-08-12,gpt-5,0.25,USD,1100\n", **COLUMNS)
    with team_context(team.id):
        one = ProviderStatement.objects.get(removed_at__isnull=True)
    address = f"/t/harbour/cost/reconciliation/statements/{one.id}/remove/"
    assert "No statement" in owner_client.post(address, follow=True).content.decode()
    assert owner_client.post(address).status_code == 404


@pytest.mark.parametrize(
    ("content", "told", "reason"),
    [
        (
            HEAD + b'2026-08-12,m,"1,5",USD,1\n',
            COLUMNS,
            "line 2, column amount: &#x27;1,5&#x27; has a comma: write 1234.50",
        ),
        (HEAD + b"2026-08-12,m,1,USD,1\n", {}, "line 1: is none of the exports that are known"),
        (HEAD + b"2026-08-12,m,1,EUR,1\n", COLUMNS, "there is no exchange rate for it on 2026-08-12"),
        (HEAD + b"2026-08-12,\xff\xfe,1,USD,1\n", COLUMNS, "line 2: is not UTF-8: save the file as CSV in UTF-8"),
        (b"\n", COLUMNS, "the file is empty: it must begin with a line of column names"),
        (HEAD + b"2026-08-12,m,1,USD,1\n", {**COLUMNS, "provider": " "}, "the provider must have 1 to 200 letters"),
    ],
)
def test_a_file_that_cannot_be_read_leaves_nothing(
    team: Team, owner_client: Client, content: bytes, told: dict[str, str], reason: str
) -> None:
    """And says why, by line and column."""
    assert reason in upload(owner_client, content, expect=422, **told)
    with team_context(team.id):
        assert not ProviderStatement.objects.exists()
        assert not StatementLine.objects.exists()


def test_without_a_file_the_form_says_so(team: Team, owner_client: Client) -> None:
    """The browser asks for it first."""
    answer = owner_client.post("/t/harbour/cost/reconciliation/", {"provider": "openai", "month": "2026-08"})
    assert "choose the file that the provider exported" in answer.content.decode()


def test_who_may_not_manage_costs_sees_and_changes_nothing(
    team: Team, member_client: Client, stranger_client: Client
) -> None:
    """A developer sees figures without the form; a stranger sees no page."""
    add_line(team)
    assert "Upload a statement" not in page(member_client, "?month=2026-08")
    assert "$0.25" in page(member_client, "2026-08/openai/")
    upload(member_client, HEAD, expect=404, **COLUMNS)
    page(stranger_client, expect=404)
    page(stranger_client, "2026-08/openai/", expect=404)


def test_months_and_providers_that_are_not_there(team: Team, owner_client: Client) -> None:
    """An address that names none is no page; a month without anything says so."""
    page(owner_client, "?month=August", expect=404)
    page(owner_client, "2026-13/openai/", expect=404)
    page(owner_client, "2026-08/openai/", expect=404)
    assert "No tokens were reported in this month" in page(owner_client, "?month=2020-01")


def test_queries_do_not_grow_with_days(team: Team, owner_client: Client) -> None:
    """One line or twenty, one model or many."""
    counts = []
    for number in (1, 20):
        for each in range(number):
            add_line(team, model=f"m{each}")
        page(owner_client, "2026-08/openai/")
        with CaptureQueriesContext(connection) as counted:
            page(owner_client, "2026-08/openai/")
        counts.append(len(counted))
    assert counts[0] == counts[1]
