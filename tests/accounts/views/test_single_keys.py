"""Single keys are switched off and on for a person."""

import pytest
from django.test import Client

from accounts.models import Team, User

pytestmark = pytest.mark.django_db
SWITCH = "/preferences/single-keys/"


def test_they_are_on_until_somebody_switches_them_off(team: Team, member: User, member_client: Client) -> None:
    page = "/t/harbour/workflows/"
    assert 'data-keys="off"' not in member_client.get(page).content.decode()
    assert member_client.post(SWITCH).status_code == 204
    assert 'data-keys="off"' in member_client.get(page).content.decode()
    member.refresh_from_db()
    assert not member.single_keys
    member_client.post(SWITCH, {"on": "on"})
    assert 'data-keys="off"' not in member_client.get(page).content.decode()


def test_they_are_ones_own(team: Team, owner: User, member_client: Client, client: Client) -> None:
    member_client.post(SWITCH)
    owner.refresh_from_db()
    assert owner.single_keys
    assert client.post(SWITCH)["Location"].startswith("/sign-in/")
    assert member_client.get(SWITCH).status_code == 405
