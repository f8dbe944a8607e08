"""What every answer carries in its head, and cookies."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Team, User
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db
ADDRESSES = [
    "/t/harbour/workflows/",
    "/sign-in/",
    "/no-such-page/",
    "/api/v1/executions/",
    "/healthz",
    "/static/logo.svg",
]


def got(client: Client, address: str) -> Any:
    """The answer, read to its end, so that no file stays open."""
    answer: Any = client.get(address)
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_says_what_browsers_may_not_do(owner_client: Client, team: Team, address: str) -> None:
    answer = got(owner_client, address)
    policy = answer["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "object-src 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe" not in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    is_page = answer["Content-Type"].startswith("text/html")
    assert ("camera=()" in answer.get("Permissions-Policy", "")) is is_page
    assert "Access-Control-Allow-Origin" not in answer


def test_what_a_team_sees_is_kept_by_nobody_and_files_are(owner_client: Client, team: Team) -> None:
    for address in (*ADDRESSES[:5], "/t/harbour/settings/members/?format=csv"):
        assert "no-store" in got(owner_client, address)["Cache-Control"], address
    assert "no-store" not in got(owner_client, "/static/logo.svg")["Cache-Control"]


def test_only_pages_run_our_scripts(owner_client: Client, team: Team) -> None:
    assert "script-src 'self'" in owner_client.get("/t/harbour/workflows/")["Content-Security-Policy"]
    assert "script-src 'none'" in Client().get("/api/v1/executions/")["Content-Security-Policy"]


def test_scripts_read_no_cookie(owner: User) -> None:
    client = Client()
    answers: list[Any] = [
        client.get("/sign-in/"),
        client.post("/sign-in/", {"login": owner.email, "password": PASSWORD}),
    ]
    for answer, name in zip(answers, (settings.CSRF_COOKIE_NAME, settings.SESSION_COOKIE_NAME), strict=True):
        assert answer.cookies[name]["httponly"]
        assert answer.cookies[name]["samesite"] == "Lax"


def test_what_a_page_says_next_is_in_no_cookie(owner_client: Client, team: Team) -> None:
    answer = owner_client.post("/t/harbour/settings/team/start-page/", {"page": ""}, follow=True)
    assert "Saved." in answer.content.decode()
    assert set(owner_client.cookies) <= {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME}
