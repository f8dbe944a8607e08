"""Invitations: one link, one address, seven days."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.mail import MailServer
from accounts.models import AuditEvent, IdentityDomain, Membership, Team, TeamIdentityProvider, User
from accounts.permissions import Role
from accounts.services.invitations import LASTS, InvitationRefused, accept_invitation, invite, send_again
from accounts.tenancy import team_context
from tests.mailbox import mailbox
from tests.people import PASSWORD

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


NEW = {"email": "new@harbour.test", "name": " New  One ", "password1": "a long enough phrase"}


def test_a_new_person_makes_an_account_and_is_in_the_team(team: Team, client: Client) -> None:
    _, token = make(team)
    assert "You are invited as Operator" in client.get(f"/invitation/{token}/").content.decode()
    assert client.post(f"/invitation/{token}/").headers["Location"] == "/sign-up/"
    form = client.get("/sign-up/").content.decode()
    assert "readonly" in form
    assert 'value="new@harbour.test"' in form
    weak = client.post("/sign-up/", {**NEW, "password1": "short"})
    assert "too short" in weak.content.decode()
    joined = client.post("/sign-up/", NEW)
    assert joined.headers["Location"] == f"/t/{team.slug}/"
    assert client.get(joined.headers["Location"]).headers["Location"] == f"/t/{team.slug}/start/"
    found = Membership.objects.get(team=team, user__email="new@harbour.test")
    assert (found.role, found.user.name) == ("operator", "New One")
    assert client.get(f"/invitation/{token}/").status_code == 404
    with team_context(team.id):
        assert AuditEvent.objects.get(action="membership.added").actor_name == "new@harbour.test"


def test_who_has_an_account_signs_in_and_joins(team: Team, client: Client) -> None:
    User.objects.create_user("new@harbour.test", PASSWORD)
    _, token = make(team)
    page = client.post(f"/invitation/{token}/")
    assert f"/sign-in/?next=/invitation/{token}/" in page.content.decode()
    client.post(f"/sign-in/?next=/invitation/{token}/", {"login": "new@harbour.test", "password": PASSWORD})
    assert client.post(f"/invitation/{token}/").headers["Location"] == f"/t/{team.slug}/"
    assert Membership.objects.get(team=team, user__email="new@harbour.test").role == "operator"


def test_somebody_else_is_told_to_sign_out_first(team: Team, owner_client: Client) -> None:
    _, token = make(team)
    page = owner_client.get(f"/invitation/{token}/").content.decode()
    assert "Sign out first" in page
    assert 'action="/sign-out/"' in page
    assert "for that address" in owner_client.post(f"/invitation/{token}/").content.decode()


def test_a_closed_installation_makes_no_account_and_a_company_signs_in_by_its_provider(
    team: Team, client: Client, settings: Any
) -> None:
    _, token = make(team)
    settings.SIGN_UP = "closed"
    assert "administration of this installation" in client.post(f"/invitation/{token}/").content.decode()
    assert client.post("/sign-up/", NEW).status_code == 200
    settings.SIGN_UP = ""
    IdentityDomain.objects.create(team=team, domain="harbour.test", confirmed_at=timezone.now(), is_enforced=True)
    TeamIdentityProvider.objects.create(team=team, kind="oidc", name="Login of Harbour", issuer="https://x.test")
    page = client.post(f"/invitation/{token}/").content.decode()
    assert "Continue to <bdi>Login of Harbour" in page
    assert not User.objects.filter(email="new@harbour.test").exists()


@pytest.fixture
def mail_server(settings: Any) -> None:
    """As with EMAIL_URL."""
    settings.MAIL_SERVER = MailServer("127.0.0.1")
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


def test_the_link_of_the_mail_proves_the_address(
    team: Team, client: Client, owner_client: Client, mail_server: None
) -> None:
    page = owner_client.post(
        f"/t/{team.slug}/settings/invitations/", {"email": "new@harbour.test", "role": "viewer"}
    ).content.decode()
    (letter,) = mail.outbox
    path = re.findall(r"/invitation/\S+", str(letter.body))[0]
    assert "?mailed=" in path
    assert "?mailed=" not in page, "who invited cannot prove another's address"
    client.post(path)
    assert client.post("/sign-up/", NEW).headers["Location"] == f"/t/{team.slug}/"
    assert len(mail.outbox) == 1


def test_a_copied_link_leaves_the_address_to_be_proved(team: Team, client: Client, mail_server: None) -> None:
    _, token = make(team)
    client.post(f"/invitation/{token}/?mailed=0123456789abcdef")
    assert client.post("/sign-up/", NEW).headers["Location"] == "/account/confirm-email/"
    assert not Membership.objects.filter(team=team, user__email="new@harbour.test").exists()
    (letter,) = mail.outbox
    path = re.findall(r"/account/confirm-email/\S+/", str(letter.body))[0]
    assert "Yes, confirm it" in client.get(path).content.decode()
    assert client.post(path).headers["Location"] == f"/t/{team.slug}/"
    assert Membership.objects.get(team=team, user__email="new@harbour.test").role == "operator"


def by_smtp(settings: Any, port: int) -> None:
    """As with `EMAIL_URL=smtp://127.0.0.1:<port>`."""
    settings.MAIL_SERVER = MailServer("127.0.0.1", port)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port


def test_the_mail_goes_out_by_smtp_and_a_dead_server_leaves_the_link_to_copy(
    team: Team, owner_client: Client, settings: Any
) -> None:
    path = f"/t/{team.slug}/settings/invitations/"
    with mailbox() as box:
        by_smtp(settings, box.port)
        page = owner_client.post(path, {"email": "new@harbour.test", "role": "viewer"}).content.decode()
        assert "The link was sent to new@harbour.test" in page
        (letter,) = box.got
    assert letter["To"] == "new@harbour.test"
    assert "/invitation/" in letter.get_content()
    by_smtp(settings, 1)
    page = owner_client.post(path, {"email": "next@harbour.test", "role": "viewer"}).content.decode()
    assert "no mail was sent" in page
    assert "/invitation/" in page


def test_a_dead_mail_server_stops_nobody_at_the_door(owner: User, settings: Any, client: Client) -> None:
    by_smtp(settings, 1)
    for email in (owner.email, "nobody@harbour.test"):
        answer = client.post("/account/password/forgotten/", {"email": email})
        assert (answer.status_code, answer.headers["Location"]) == (302, "/account/password/forgotten/sent/")
