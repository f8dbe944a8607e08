"""Sessions begin anew with each sign-in, end unused, and end for good; other sites neither end nor steer them."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from accounts.models import Team, User
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 8, 3, 9, tzinfo=UTC)
PAGE = "/t/harbour/workflows/"


def signed_in(user: User) -> Client:
    client = Client()
    assert client.post("/sign-in/", {"login": user.email, "password": PASSWORD}).status_code == 302
    return client


def test_a_session_that_was_there_before_signing_in_is_worth_nothing_after(owner: User, team: Team) -> None:
    client = Client()
    session = client.session
    session["set"] = "by somebody else"
    session.save()
    before = session.session_key
    client.post("/sign-in/", {"login": owner.email, "password": PASSWORD})
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != before
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = before
    assert thief.get(PAGE).status_code == 302


def test_an_unused_session_ends_and_a_used_one_goes_on(owner: User, team: Team) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        used, unused = signed_in(owner), signed_in(owner)
        for _ in range(3):
            clock.shift(timedelta(hours=10))
            assert used.get(PAGE).status_code == 200
        assert unused.get(PAGE).status_code == 302


def test_a_page_that_asks_for_news_keeps_no_session_alive(owner: User, team: Team) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        client = signed_in(owner)
        clock.shift(timedelta(hours=20))
        assert client.get(PAGE, headers={"sec-fetch-mode": "cors"}).status_code == 200
        clock.shift(timedelta(hours=5))
        assert client.get(PAGE, headers={"sec-fetch-mode": "cors"}).status_code == 302


def test_no_session_is_older_than_the_limit(owner: User, team: Team) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        client = signed_in(owner)
        for _ in range(14 * 2):
            clock.shift(timedelta(hours=12))
            assert client.get(PAGE).status_code == 200
        clock.shift(timedelta(hours=1))
        assert client.get(PAGE).status_code == 302


def test_a_new_password_ends_all_other_sessions(owner: User, team: Team) -> None:
    here, elsewhere = signed_in(owner), signed_in(owner)
    new = "quite another phrase"
    here.post("/account/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert here.get(PAGE).status_code == 200
    assert elsewhere.get(PAGE).status_code == 302


def test_a_link_signs_nobody_out(owner: User, team: Team) -> None:
    client = signed_in(owner)
    assert client.get("/sign-out/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert strict.post("/sign-out/").status_code == 403
    assert client.get(PAGE).status_code == 200


@pytest.mark.parametrize(
    "next", ["https://evil.test/", "//evil.test/", "javascript:alert(1)", "/\\evil.test", "https:evil.test"]
)
def test_nobody_is_led_elsewhere(owner: User, team: Team, next: str) -> None:
    client = Client()
    told = {"login": owner.email, "password": PASSWORD, "next": next}
    assert client.post("/sign-in/", told)["Location"] in ("/", "/t/harbour/")
    assert client.post("/preferences/time-zone/", {"zone": "UTC", "next": next})["Location"] == "/"
