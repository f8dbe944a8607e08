"""The three fixed people and their teams: an owner and a member of one team, and a stranger who owns another."""

import time
from collections.abc import Iterator
from unittest import mock

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.http import HttpRequest
from django.test import Client

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.services.teams import NewTeam, create_team_with_owner
from accounts.tenancy import team_context

PASSWORD = "correct horse battery"


def confirmed(client: Client, user: User) -> Client:
    """Whoever is signed in, as if they had just said again who they are, and for as long as a test lasts."""
    request = HttpRequest()
    request.session = client.session
    with mock.patch("time.time", return_value=time.time() + 86_400):
        record_authentication(request, user, method="password", reauthenticated=True)
    request.session.save()
    return client


@pytest.fixture
def new_team(db: None) -> NewTeam:
    """The team as its owner first sees it, with the text of its API key."""
    return create_team_with_owner(name="Harbour", email="owner@harbour.test", password=PASSWORD)


@pytest.fixture
def team(new_team: NewTeam) -> Team:
    """The team of owner and member."""
    return new_team.team


@pytest.fixture
def owner(new_team: NewTeam) -> User:
    """Owns the team."""
    return new_team.owner


@pytest.fixture
def api_key(new_team: NewTeam) -> str:
    """The text of a key of the team with both scopes."""
    return new_team.api_key


@pytest.fixture
def member(team: Team) -> User:
    """Is a developer in the team."""
    user = User.objects.create_user("member@harbour.test", PASSWORD)
    Membership.objects.create(team=team, user=user, role=Role.DEVELOPER)
    return user


@pytest.fixture
def other_team(db: None) -> NewTeam:
    """Another team, with the text of its key."""
    return create_team_with_owner(name="Mountain", email="stranger@mountain.test", password=PASSWORD)


@pytest.fixture
def stranger(other_team: NewTeam) -> User:
    """Owns the other team and has no part in the first."""
    return other_team.owner


@pytest.fixture
def in_team(team: Team) -> Iterator[Team]:
    """The whole test runs inside the team's context."""
    with team_context(team.id):
        yield team


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def owner_client(owner: User) -> Client:
    """The owner, signed in."""
    return _signed_in(owner)


@pytest.fixture
def sure_client(owner_client: Client, owner: User) -> Client:
    """The owner, signed in, who has just confirmed that it is them."""
    return confirmed(owner_client, owner)


@pytest.fixture
def member_client(member: User) -> Client:
    """The member, signed in."""
    return _signed_in(member)


@pytest.fixture
def stranger_client(stranger: User) -> Client:
    """The stranger, signed in."""
    return _signed_in(stranger)
