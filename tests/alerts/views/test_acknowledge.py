"""Acknowledging from a notice: looking changes nothing, posting acknowledges, and the token can do nothing else."""

from datetime import timedelta

import pytest
import time_machine
from django.core import signing
from django.utils import timezone

from accounts.tenancy import team_context
from alerts.models import Incident
from alerts.services.acknowledging import SALT, link_of
from alerts.services.incidents import resolve
from tests.alerts.opening import breach, opened, route, rule, workflow
from tests.alerts.telling import channel

pytestmark = pytest.mark.django_db


@pytest.fixture
def one(team) -> Incident:
    with team_context(team.id):
        return opened(team, breach(rule(team), workflow(team)), now=timezone.now())[0]


@pytest.fixture
def address(team, one) -> str:
    with team_context(team.id):
        hook = channel(team)
        route(team, (hook, 0))
        return "/acknowledge/" + link_of(one, hook.id).partition("/acknowledge/")[2]


def standing(team, one) -> tuple[str, str]:
    with team_context(team.id):
        one.refresh_from_db()
        event = one.events.filter(kind="acknowledged").first()
        return one.status, (event.by.email if event.by else event.key_name) if event else ""


def test_looking_changes_nothing(client, team, one, address) -> None:
    for _ in range(2):
        response = client.get(address)
        assert response.status_code == 200
        assert "Do you look after it?" in response.content.decode()
        assert response["Referrer-Policy"] == "no-referrer"
    assert client.head(address).status_code == 200
    assert standing(team, one) == ("open", "")


def test_posting_acknowledges_without_signing_in(client, team, one, address) -> None:
    text = client.post(address).content.decode()
    assert "Acknowledged by <b>somebody from On call</b>" in " ".join(text.split())
    assert standing(team, one) == ("acknowledged", "somebody from On call")
    assert client.post(address).status_code == 200


def test_a_member_who_is_signed_in_is_named_and_a_stranger_is_not(
    member_client, stranger_client, team, one, address
) -> None:
    stranger_client.post(address)
    assert standing(team, one) == ("acknowledged", "somebody from On call")
    with team_context(team.id):
        Incident.objects.update(status="open", acknowledged_at=None)
        one.events.filter(kind="acknowledged").delete()
    member_client.post(address)
    assert standing(team, one) == ("acknowledged", "member@harbour.test")


def test_what_is_over_says_so(client, team, one, address) -> None:
    with team_context(team.id):
        resolve(team.id, [one.id], timezone.now())
    assert "It is over since" in client.get(address).content.decode()


@pytest.mark.parametrize(
    "token",
    ["nonsense", signing.dumps(["x"], salt=SALT), signing.dumps("x", salt="other")],
    ids=["nonsense", "other content", "other salt"],
)
def test_other_tokens_are_no_address(client, token) -> None:
    assert client.get(f"/acknowledge/{token}/").status_code == 404
    assert client.post(f"/acknowledge/{token}/").status_code == 404


def test_a_link_of_another_team_and_an_old_one_do_nothing(client, team, other_team, one, address) -> None:
    token = signing.dumps([other_team.team.id.hex, one.id.hex, one.id.hex], salt=SALT)
    assert client.post(f"/acknowledge/{token}/").status_code == 404
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert client.post(address).status_code == 404
    assert standing(team, one) == ("open", "")


def test_other_methods_are_refused(client, address) -> None:
    assert client.put(address).status_code == 405
