"""Making an account, and getting back into one."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.mail import MailServer
from accounts.models import AuditEvent, InstallationEvent, Membership, Team, User
from accounts.permissions import Role
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


@pytest.mark.parametrize("what", ["owner", "staff", "elsewhere", "viewer"])
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
