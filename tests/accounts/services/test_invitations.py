"""Invitations: one link, one address, seven days."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.services.invitations import LASTS, InvitationRefused, accept_invitation, invite, send_again
from accounts.tenancy import team_context

pytestmark = pytest.mark.django_db


def make(team: Team, email: str = "new@harbour.test", role: str = "operator", giver: str = "admin"):  # type: ignore[no-untyped-def]
    """An invitation and its token."""
    with team_context(team.id):
        sent = invite(team_id=team.id, email=email, role=role, giver=giver, by=None, now=timezone.now())
    return sent.invitation, sent.link.rstrip("/").rsplit("/", 1)[1]


def test_the_address_that_was_invited_becomes_a_member_once(team: Team) -> None:
    _, token = make(team)
    user = User.objects.create_user("new@harbour.test", "correct horse battery")
    assert accept_invitation(token, user).role == Role.OPERATOR
    with pytest.raises(InvitationRefused, match="not valid any more"):
        accept_invitation(token, user)


def test_another_address_is_refused_and_the_invitation_stays(team: Team) -> None:
    _, token = make(team)
    with pytest.raises(InvitationRefused, match="for that address"):
        accept_invitation(token, User.objects.create_user("other@harbour.test", "x"))
    assert accept_invitation(token, User.objects.create_user("new@harbour.test", "x")).team_id == team.id


def test_a_late_link_is_refused_and_a_new_one_ends_the_old(team: Team) -> None:
    made, token = make(team)
    user = User.objects.create_user("new@harbour.test", "x")
    with pytest.raises(InvitationRefused, match="not valid any more"):
        accept_invitation(token, user, timezone.now() + LASTS + timedelta(minutes=1))
    with team_context(team.id):
        again = send_again(team_id=team.id, invitation_id=made.id, giver="admin", now=timezone.now())
    with pytest.raises(InvitationRefused, match="not valid any more"):
        accept_invitation(token, user)
    assert accept_invitation(again.link.rstrip("/").rsplit("/", 1)[1], user).user_id == user.id


@pytest.mark.parametrize(
    ("email", "role", "reason"),
    [
        ("new@harbour.test", "owner", "only an owner"),
        ("nobody", "viewer", "e-mail address"),
        ("owner@harbour.test", "viewer", "member already"),
        ("new@harbour.test", "king", "one of"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(team: Team, email: str, role: str, reason: str) -> None:
    with pytest.raises(InvitationRefused, match=reason):
        make(team, email, role)


def test_an_address_is_invited_once_at_a_time(team: Team) -> None:
    make(team)
    with pytest.raises(InvitationRefused, match="open invitation already"):
        make(team)


def test_a_new_person_joins_by_the_link(team: Team, client: Client) -> None:
    _, token = make(team)
    page = client.get(f"/invitation/{token}/")
    assert "You are invited as Operator" in page.content.decode()
    weak = client.post(f"/invitation/{token}/", {"name": "New", "password": "short"})
    assert weak.status_code == 422
    joined = client.post(f"/invitation/{token}/", {"name": "New", "password": "correct horse battery"})
    assert joined.headers["Location"] == f"/t/{team.slug}/"
    assert client.get(joined.headers["Location"]).headers["Location"] == f"/t/{team.slug}/operations/"
    assert Membership.objects.get(team=team, user__email="new@harbour.test").role == "operator"
    assert client.get(f"/invitation/{token}/").status_code == 404


def test_who_has_an_account_must_sign_in(team: Team, client: Client) -> None:
    User.objects.create_user("new@harbour.test", "correct horse battery")
    _, token = make(team)
    refused = client.post(f"/invitation/{token}/", {"name": "New", "password": "correct horse battery"})
    assert "sign in first" in refused.content.decode()
    assert not Membership.objects.filter(team=team, user__email="new@harbour.test").exists()
