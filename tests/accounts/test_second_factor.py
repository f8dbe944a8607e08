"""Second factors, sessions and limits, as a person meets them."""

import base64
import hmac
import re
import struct
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client, TestCase
from django.urls import reverse

from accounts.models import InstallationEvent, Team, User
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db


def code_of(secret: str) -> str:
    """The code of this moment (RFC 6238: HMAC-SHA1 of the half minute, six digits)."""
    told = hmac.digest(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30), "sha1")
    at = told[-1] & 0x0F
    return f"{(int.from_bytes(told[at : at + 4]) & 0x7FFFFFFF) % 1_000_000:06d}"


def signed_in(user: User) -> Client:
    client = Client()
    answer = client.post("/sign-in/", {"login": user.email, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def confirmed(user: User) -> Client:
    """A browser that has just told the password once more, as changes of the sign-in ask for."""
    client = signed_in(user)
    assert client.post("/account/confirm/", {"password": PASSWORD}).status_code == 302
    return client


def with_app(user: User) -> tuple[Client, str]:
    """A browser of a user who has just set up an authenticator app, and its secret."""
    client = confirmed(user)
    page = client.get("/account/second-factor/totp/activate/").content.decode()
    secret = re.search(r'value="([A-Z2-7]{32})"', page)
    assert secret, page
    with TestCase.captureOnCommitCallbacks(execute=True):
        client.post("/account/second-factor/totp/activate/", {"code": code_of(secret[1])})
    return client, secret[1]


def test_an_authenticator_app_is_asked_for_at_the_next_sign_in(owner: User, team: Team) -> None:
    _, secret = with_app(owner)
    assert secret not in str(Authenticator.objects.get(type="totp").data)
    client = signed_in(owner)
    page = reverse("workflows", args=[team.slug])
    assert client.get(page).status_code == 302
    answer = client.post("/account/second-factor/authenticate/", {"code": "000000"})
    assert "This code is not right" in answer.content.decode()
    Authenticator.objects.filter(type="totp").update(last_used_at=None)
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    client.post("/account/second-factor/authenticate/", {"code": codes[0]})
    assert client.get(page).status_code == 200
    told = list(InstallationEvent.objects.values_list("action", flat=True))
    assert {"user.signed_in", "user.second_factor_added"} <= set(told)


def test_a_team_that_requires_a_second_factor_opens_with_one(owner: User, team: Team, owner_client: Client) -> None:
    Team.objects.update(requires_second_factor=True)
    page = reverse("workflows", args=[team.slug])
    answer = owner_client.get(page, follow=True)
    assert answer.status_code == 403
    assert "Set up an authenticator app" in answer.content.decode()
    client, _ = with_app(owner)
    assert client.get(page).status_code == 200


def test_wrong_passwords_are_limited_by_account_and_noted(owner: User) -> None:
    for _ in range(5):
        Client().post("/sign-in/", {"login": owner.email, "password": "no"})
    answer = Client().post("/sign-in/", {"login": owner.email, "password": PASSWORD})
    assert "Too many tries" in answer.content.decode()
    assert InstallationEvent.objects.filter(action="user.sign_in_failed", actor_name=owner.email).count() == 5


def test_sessions_are_listed_and_ended(owner: User, team: Team) -> None:
    first, second = signed_in(owner), confirmed(owner)
    page = second.get("/account/sessions/")
    assert "127.0.0.1" in page.content.decode()
    other = next(one.pk for one, is_own, _ in page.context["sessions"] if not is_own)
    second.post("/account/sessions/", {"session": other})
    assert first.get("/account/").status_code == 302
    assert second.get("/account/").status_code == 200
    assert InstallationEvent.objects.get(action="session.ended").actor_name == owner.email
    assert second.get("/account/sessions/?format=csv").content.count(b"\n") == 2


def test_nobody_ends_the_session_of_another(owner: User, member: User) -> None:
    one, other = signed_in(owner), confirmed(member)
    page = one.get("/account/sessions/")
    ((session, _, _),) = page.context["sessions"]
    other.post("/account/sessions/", {"session": session.pk})
    assert one.get("/account/").status_code == 200


@pytest.mark.parametrize("page", ["", "sessions/", "second-factor/", "password/", "second-factor-needed/"])
def test_the_anonymous_sign_in_first(page: str, db: None) -> None:
    assert Client().get(f"/account/{page}")["Location"].startswith("/sign-in/")


@pytest.mark.parametrize(
    "page",
    ["", "sessions/", "second-factor/", "second-factor/totp/activate/", "second-factor/webauthn/add/", "password/"],
)
def test_pages_of_the_account_are_in_our_frame(owner: User, page: str) -> None:
    answer = confirmed(owner).get(f"/account/{page}")
    assert answer.status_code == 200
    assert 'class="card plain-c"' in answer.content.decode()


def test_the_administration_has_no_way_in_of_its_own(owner: User, settings: Any) -> None:
    assert Client().get("/admin/login/")["Location"].startswith("/sign-in/")


def test_changes_of_the_sign_in_ask_for_the_password_once_more(owner: User) -> None:
    answer = signed_in(owner).get("/account/second-factor/totp/activate/", follow=True)
    assert answer.redirect_chain[0][0].startswith("/account/confirm/")
    assert 'type="password"' in answer.content.decode()
