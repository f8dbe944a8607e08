"""Pages of rates of resources: who sees and who changes them, refusals, the list as CSV."""

import re
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from billing.models import CostKind, ResourceRate
from tests.billing.lines import add_line
from tests.billing.rates import add_rate

pytestmark = pytest.mark.django_db
TOLD = {"name": "=Runner", "kind": "compute", "unit": "minute", "amount": "0.008", "starts_on": "2026-07-01"}


@pytest.fixture
def base(team: Team) -> str:
    return f"/t/{team.slug}/cost/resources/"


def read(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def charged_rate(team: Team, name: str = "Runner") -> ResourceRate:
    """A rate with a line of this month."""
    made = add_rate(team, f"{name} minute 0.5")
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    add_line(team, price_id=made.id, hour=hour, kind=CostKind.COMPUTE, unit="minute", quantity=12, cost_usd=6)
    return made


def test_a_rate_is_entered_shown_ended_and_removed(base: str, team: Team, owner_client: Client) -> None:
    """Each step where a user would look for it."""
    assert "No rate yet" in read(owner_client, base)
    made = owner_client.post(f"{base}new/", TOLD)
    assert made.status_code == 302
    page = read(owner_client, made["Location"])
    assert "$0.008 per minute of run time" in page
    assert "since 2026-07-01" in page
    assert "=Runner" in read(owner_client, base)
    assert owner_client.post(made["Location"], {"ends_on": "2026-08-01"}).status_code == 302
    assert "since 2026-07-01 to 2026-07-31" in read(owner_client, base)
    assert owner_client.post(f"{made['Location']}remove/").status_code == 302
    assert "removed" in read(owner_client, base)
    assert owner_client.post(f"{made['Location']}remove/").status_code == 404
    assert owner_client.post(made["Location"], {"ends_on": "2026-07-15"}).status_code == 404


def test_refusals_keep_what_was_told(base: str, owner_client: Client) -> None:
    """And say why, by field; nothing is saved."""
    refused = owner_client.post(f"{base}new/", TOLD | {"amount": "0,008"})
    assert refused.status_code == 422
    assert "amount must be written with a point" in refused.content.decode()
    assert 'value="0,008"' in refused.content.decode()
    assert "No rate yet" in read(owner_client, base)
    made = owner_client.post(f"{base}new/", TOLD)["Location"]
    assert owner_client.post(made, {"ends_on": "never"}).status_code == 422
    assert owner_client.post(made, {"ends_on": "2026-06-01"}).status_code == 422


def test_what_a_rate_costs_in_this_month(base: str, team: Team, owner_client: Client) -> None:
    """In the list, and by workflow on its page and in its CSV."""
    made = charged_rate(team)
    assert "$6.00" in read(owner_client, base)
    page = read(owner_client, f"{base}{made.id}/")
    assert "nightly" in page
    assert "$6.00" in page
    rows = b"".join(owner_client.get(f"{base}{made.id}/?format=csv").streaming_content).decode().splitlines()
    assert rows[0] == "Workflow,Quantity,USD"
    assert rows[1].startswith("nightly,12")


def test_the_list_as_csv_is_safe_in_a_spreadsheet(base: str, owner_client: Client) -> None:
    """A name that is a formula is a text."""
    owner_client.post(f"{base}new/", TOLD)
    rows = b"".join(owner_client.get(f"{base}?format=csv").streaming_content).decode().splitlines()
    assert rows[1].startswith("'=Runner,compute,minute,0.008,USD,")


def test_pages_are_the_teams_own_and_changing_needs_the_right(
    base: str, team: Team, member: User, member_client: Client, stranger_client: Client, owner_client: Client
) -> None:
    """A stranger learns nothing; a developer sees; finance changes."""
    one = f"{base}{charged_rate(team).id}/"
    for address in (base, one, f"{base}new/"):
        assert stranger_client.get(address).status_code == 404
        assert Client().get(address).status_code == 302
        assert owner_client.put(address).status_code == 405
    for wrong in ("0/", "x/", f"{2**64}/"):
        assert owner_client.get(base + wrong).status_code == 404
    assert "Add a rate" not in read(member_client, base)
    assert "Remove it" not in read(member_client, one)
    assert member_client.get(f"{base}new/").status_code == 404
    assert member_client.post(one, {"ends_on": "2026-08-01"}).status_code == 404
    assert member_client.post(f"{one}remove/").status_code == 404
    Membership.objects.filter(user=member).update(role=Role.FINANCE)
    assert "Add a rate" in read(member_client, base)


def test_the_list_takes_the_same_queries_with_twenty_rows(base: str, team: Team, owner_client: Client) -> None:
    """As with one."""
    charged_rate(team)
    owner_client.get(base)
    with CaptureQueriesContext(
        connection,
    ) as one:
        owner_client.get(base)
    for number in range(19):
        add_rate(team, f"Runner{number} run 1 environment e{number}")
    with team_context(team.id):
        assert ResourceRate.objects.count() == 20
    with CaptureQueriesContext(connection) as many:
        owner_client.get(base)
    assert len(many) == len(one)
