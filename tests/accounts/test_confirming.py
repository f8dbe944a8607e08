"""Who may sign in how is changed by whoever has just said again who they are; what was sent is not lost meanwhile."""

import time
from typing import Any
from unittest import mock

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from accounts.models import AuditEvent, IdentityDomain, Team, TeamIdentityProvider, User
from accounts.sessions import BEGAN
from accounts.tenancy import team_context
from tests.accounts.test_second_factor import signed_in
from tests.people import PASSWORD, confirmed

pytestmark = pytest.mark.django_db
CONFIRM = {"password": PASSWORD}
SECRET = "a client's secret"
PROVIDER = {
    "do": "provider",
    "kind": "oidc",
    "name": "Harbour ID",
    "issuer": "https://93.184.216.34/",
    "client_id": "steadyrun",
    "secret": SECRET,
    "group_roles": "platform = developer",
    "default_role": "viewer",
}


@pytest.fixture
def settings_page(team: Team) -> str:
    return f"/t/{team.slug}/settings/sign-in/"


def actions(team: Team) -> list[str]:
    with team_context(team.id):
        return list(AuditEvent.objects.order_by("at", "id").values_list("action", flat=True))


def test_a_change_asks_for_the_password_and_goes_on_with_what_was_sent(
    owner_client: Client, team: Team, settings_page: str
) -> None:
    before = actions(team)
    asked = owner_client.post(settings_page, PROVIDER)
    assert (asked.status_code, asked["Location"]) == (302, "/account/confirm/")
    assert not TeamIdentityProvider.objects.exists()
    # Nothing was done, so nothing is told; and the secret does not lie in the session.
    assert actions(team) == before
    assert SECRET not in str(Session.objects.get().get_decoded())
    assert "Confirm that it is you" in owner_client.get(asked["Location"]).content.decode()
    assert owner_client.post("/account/confirm/", {"password": "not it"}).status_code == 200
    assert not TeamIdentityProvider.objects.exists()
    done = owner_client.post("/account/confirm/", CONFIRM)
    assert (done.status_code, done["Location"]) == (302, settings_page)
    one = TeamIdentityProvider.objects.get()
    assert (one.name, one.group_roles) == ("Harbour ID", {"platform": "developer"})
    assert "identity_provider.added" in actions(team)
    assert "Saved." in owner_client.get(settings_page).content.decode()


def test_what_was_confirmed_counts_for_five_minutes(owner_client: Client, settings_page: str) -> None:
    owner_client.post(settings_page, {"do": "add_domain", "name": "harbour.test"})
    owner_client.post("/account/confirm/", CONFIRM)
    owner_client.post(settings_page, {"do": "add_domain", "name": "pier.test"})
    assert IdentityDomain.objects.count() == 2
    with mock.patch("time.time", return_value=time.time() + 301):
        asked = owner_client.post(settings_page, {"do": "add_domain", "name": "quay.test"})
    assert asked["Location"] == "/account/confirm/"
    assert IdentityDomain.objects.count() == 2


def test_what_is_refused_after_the_question_says_why_beside_what_was_sent(
    owner_client: Client, settings_page: str
) -> None:
    owner_client.post(settings_page, {**PROVIDER, "issuer": "https://127.0.0.1/"})
    answer = owner_client.post("/account/confirm/", CONFIRM)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "inside this network" in text
    assert 'value="Harbour ID"' in text


@pytest.mark.parametrize("do", ["second_factor", "remove_provider", "add_domain", "remove_domain", "enforce", "relax"])
def test_every_change_of_the_page_asks(owner_client: Client, settings_page: str, do: str) -> None:
    assert owner_client.post(settings_page, {"do": do})["Location"] == "/account/confirm/"


def test_a_form_that_waited_too_long_is_not_sent_on(owner_client: Client, settings_page: str) -> None:
    owner_client.post(settings_page, {"do": "add_domain", "name": "harbour.test"})
    with mock.patch("accounts.sign_in.confirming.KEPT_S", 0):
        done = owner_client.post("/account/confirm/", CONFIRM)
    assert done["Location"] == settings_page
    assert not IdentityDomain.objects.exists()
    assert "please send it again" in owner_client.get(settings_page).content.decode()


def test_a_form_that_was_left_is_not_sent_on_by_another_question(owner_client: Client, settings_page: str) -> None:
    owner_client.post(settings_page, {"do": "add_domain", "name": "harbour.test"})
    asked = owner_client.get("/account/second-factor/totp/activate/")
    assert asked["Location"] == "/account/confirm/?next=%2Faccount%2Fsecond-factor%2Ftotp%2Factivate%2F"
    done = owner_client.post(asked["Location"], {**CONFIRM, "next": "/account/second-factor/totp/activate/"})
    assert done["Location"] == "/account/second-factor/totp/activate/"
    assert not IdentityDomain.objects.exists()


def without_password(owner: User) -> Client:
    """The owner, who came by a provider and has nothing here to confirm with."""
    client = Client()
    client.force_login(owner)
    User.objects.filter(id=owner.id).update(password="!")
    return client


def later(client: Client) -> None:
    session = client.session
    session[BEGAN] = int(time.time()) - 301
    session.save()


def test_who_has_nothing_to_confirm_with_signs_in_again(owner: User, settings_page: str) -> None:
    client, told = without_password(owner), {"do": "add_domain", "name": "harbour.test"}
    # A session outlives a change of the password only by its own hash.
    client.force_login(User.objects.get(id=owner.id))
    assert client.post(settings_page, told).status_code == 302
    assert IdentityDomain.objects.count() == 1
    later(client)
    answer = client.post(settings_page, {**told, "name": "pier.test"})
    assert answer.status_code == 422
    assert "Sign out, sign in again" in answer.content.decode()
    assert IdentityDomain.objects.count() == 1


def test_ending_sessions_asks_first(owner: User) -> None:
    one, other = signed_in(owner), signed_in(owner)
    assert one.get("/account/sessions/").status_code == 200
    assert one.post("/account/sessions/")["Location"] == "/account/confirm/"
    assert other.get("/account/").status_code == 200
    assert one.post("/account/confirm/", CONFIRM)["Location"] == "/account/sessions/"
    assert other.get("/account/").status_code == 302
    assert one.get("/account/").status_code == 200


def test_a_first_password_needs_a_fresh_sign_in(owner: User) -> None:
    without_password(owner)
    client, told = Client(), {"password1": "a long enough phrase", "password2": "a long enough phrase"}
    client.force_login(User.objects.get(id=owner.id))
    later(client)
    answer = client.post("/account/password/set/", told)
    assert answer.status_code == 403
    assert "Sign in again" in answer.content.decode()
    client.force_login(User.objects.get(id=owner.id))
    assert client.post("/account/password/set/", told).status_code == 302
    assert User.objects.get(id=owner.id).has_usable_password()


def test_the_confirmation_of_another_person_does_not_count(owner: User, member: User, settings_page: str) -> None:
    client = Client()
    client.force_login(member)
    confirmed(client, member)
    client.force_login(owner)
    assert client.post(settings_page, {"do": "second_factor", "required": "on"})["Location"] == "/account/confirm/"


def test_nobody_is_asked_who_may_not_change_it(
    member_client: Client, stranger_client: Client, settings_page: str
) -> None:
    told: Any = {"do": "second_factor", "required": "on"}
    assert [one.post(settings_page, told).status_code for one in (member_client, stranger_client)] == [404, 404]
