"""Making an account, and getting back into one."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.mail import MailServer
from accounts.models import (
    AuditEvent,
    IdentityDomain,
    InstallationEvent,
    Membership,
    Team,
    TeamIdentityProvider,
    User,
)
from accounts.permissions import Role
from accounts.services.invitations import invite, letter_of
from accounts.services.resets import ResetRefused, make_reset_link
from accounts.services.sign_up import sign_up_mode
from accounts.tenancy import team_context
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db
NEW = {"email": "New.One@else.test", "password1": "a long enough phrase"}


def test_sign_up_is_open_until_there_is_a_first_user_and_then_by_invitation(settings: Any) -> None:
    assert sign_up_mode() == "open"
    User.objects.create_user("first@else.test", PASSWORD)
    assert sign_up_mode() == "invitation"
    settings.SIGN_UP = "closed"
    assert sign_up_mode() == "closed"


def test_who_was_not_invited_is_told_how_to_be(owner: User) -> None:
    answer = Client().get("/sign-up/")
    assert "Ask an owner or admin of a team to invite you" in answer.content.decode()
    Client().post("/sign-up/", NEW)
    assert User.objects.count() == 1


def test_open_sign_up_makes_an_account_with_the_address_in_lower_case(settings: Any, owner: User) -> None:
    settings.SIGN_UP = "open"
    client = Client()
    answer = client.post("/sign-up/", NEW)
    assert answer.status_code == 302, answer.context["form"].errors
    assert User.objects.filter(email="new.one@else.test").exists()
    assert "new.one@else.test" in client.get("/").content.decode()


@pytest.mark.parametrize(
    ("mode", "email", "made"), [("", NEW["email"], True), ("", "x@y.test", False), ("closed", NEW["email"], False)]
)
def test_an_invitation_opens_the_door_for_its_address_alone(
    settings: Any, owner: User, mode: str, email: str, made: bool
) -> None:
    settings.SIGN_UP = mode
    client = Client()
    session = client.session
    session["invited_email"] = NEW["email"].lower()
    session.save()
    client.post("/sign-up/", {**NEW, "email": email})
    assert User.objects.filter(email=email.lower()).exists() is made


def test_without_a_mail_server_the_page_says_who_makes_a_link(owner: User) -> None:
    assert "Ask an owner or admin of your team" in Client().get("/account/password/forgotten/").content.decode()


def test_with_a_mail_server_a_link_comes_by_e_mail(owner: User, settings: Any) -> None:
    settings.MAIL_SERVER = MailServer("127.0.0.1")
    Client().post("/account/password/forgotten/", {"email": owner.email})
    assert "/account/password/new/" in str(mail.outbox[0].body)


def test_an_admin_hands_over_a_link_by_which_a_member_sets_a_password_once(
    owner: User, member: User, team: Team
) -> None:
    by, to = (Membership.objects.get(user=one) for one in (owner, member))
    with team_context(team.id):
        link = make_reset_link(by=by, member=to)
        assert AuditEvent.objects.get().action == "member.reset_link_made"
    client, path = Client(), link[link.index("/account") :]
    form = client.get(path, follow=True)
    new = {"password1": "another long phrase", "password2": "another long phrase"}
    client.post(form.redirect_chain[-1][0], new)
    assert Client().login(email=member.email, password="another long phrase")
    assert InstallationEvent.objects.filter(action="user.password_reset").exists()
    assert "token_fail" in (Client().get(path, follow=True).context or {})


@pytest.mark.parametrize("what", ["owner", "staff", "elsewhere", "viewer", "domain of another"])
def test_no_link_for_who_is_more_than_a_member_of_this_team(
    owner: User, member: User, stranger: User, team: Team, what: str
) -> None:
    by, to = (Membership.objects.get(user=one) for one in (owner, member))
    by.role = Role.VIEWER if what == "viewer" else Role.ADMIN
    if what == "owner":
        to.role = Role.OWNER
    if what == "staff":
        to.user.is_staff = True
    if what == "elsewhere":
        Membership.objects.create(team=stranger.memberships.get().team, user=member)
    if what == "domain of another":
        other = stranger.memberships.get().team
        IdentityDomain.objects.create(team=other, domain="harbour.test", confirmed_at=timezone.now())
        TeamIdentityProvider.objects.create(team=other, kind="oidc", name="ID", issuer="https://id.harbour.test")
    with team_context(team.id), pytest.raises(ResetRefused):
        make_reset_link(by=by, member=to)


def test_an_owner_copies_a_link_on_the_page_of_members_where_no_mail_is_sent(
    owner_client: Client, member: User, stranger: User, team: Team, settings: Any
) -> None:
    one = Membership.objects.get(user=member)
    path = f"/t/{team.slug}/settings/members/{one.id}/reset-link/"
    page = owner_client.post(path)
    assert "/account/password/new/" in page.content.decode()
    foreign = Membership.objects.get(user=stranger)
    assert owner_client.post(path.replace(str(one.id), str(foreign.id))).status_code == 404
    settings.MAIL_SERVER = MailServer("127.0.0.1")
    refused = owner_client.post(path)
    assert (refused.status_code, "/account/password/new/" in refused.content.decode()) == (422, False)


def test_links_in_mails_lead_to_the_installation_whatever_host_was_asked(owner: User, settings: Any) -> None:
    settings.MAIL_SERVER, settings.ALLOWED_HOSTS = MailServer("127.0.0.1"), ["*"]
    settings.BASE_URL = "https://runs.example"
    told = {"email": owner.email}
    Client().post("/account/password/forgotten/", told, headers={"host": "evil.test", "x-forwarded-host": "evil.test"})
    text = str(mail.outbox[0].body)
    assert "https://runs.example/account/password/new/" in text
    assert "evil" not in text


def test_a_copied_invitation_proves_no_address_and_a_mailed_one_does(owner: User, team: Team) -> None:
    told = {"email": NEW["email"], "role": Role.VIEWER, "giver": Role.OWNER, "by": owner, "now": timezone.now()}
    sent = invite(team_id=team.id, **told)
    mailed = next(line for line in letter_of(sent, team)[1].splitlines() if line.startswith("http"))
    assert mailed.startswith(sent.link)
    found = []
    for link in (sent.link, f"{sent.link}?mailed={'0' * 32}", mailed):
        client = Client()
        client.post(link[link.index("/invitation") :])
        found.append(client.session.get("account_verified_email"))
    assert found == [None, None, sent.invitation.email.lower()]


@pytest.mark.parametrize("what", ["enforced", "closed"])
def test_an_invitation_makes_no_account_that_may_not_be(
    owner: User, stranger: User, team: Team, settings: Any, what: str
) -> None:
    told = {"email": "boss@mountain.test", "role": Role.VIEWER, "giver": Role.OWNER, "by": owner}
    sent = invite(team_id=team.id, now=timezone.now(), **told)
    if what == "closed":
        settings.SIGN_UP = "closed"
    else:
        other = stranger.memberships.get().team
        confirmed = timezone.now()
        IdentityDomain.objects.create(team=other, domain="mountain.test", confirmed_at=confirmed, is_enforced=True)
        TeamIdentityProvider.objects.create(team=other, kind="oidc", name="ID", issuer="https://id.mountain.test")
    client = Client()
    client.post(sent.link[sent.link.index("/invitation") :], {"name": "Boss", "password": PASSWORD})
    assert not User.objects.filter(email="boss@mountain.test").exists()
    assert client.get("/account/").status_code == 302


def test_an_address_that_is_too_long_is_refused(owner_client: Client, team: Team) -> None:
    told = {"email": f"{'a' * 260}@harbour.test", "role": "viewer"}
    assert owner_client.post(f"/t/{team.slug}/settings/invitations/", told).status_code == 422


def test_who_is_signed_in_as_somebody_else_is_told_to_sign_out(
    owner: User, stranger_client: Client, team: Team
) -> None:
    told = {"email": NEW["email"], "role": Role.VIEWER, "giver": Role.OWNER, "by": owner, "now": timezone.now()}
    link = invite(team_id=team.id, **told).link
    assert "Sign out first" in stranger_client.get(link[link.index("/invitation") :]).content.decode()
