"""How many pages somebody may open and how much they may change: a bucket each, told when to come again."""

import logging
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from redis import Redis, RedisError

from accounts import rates
from accounts.models import MemberGroup, Team, User
from accounts.page_rates import forget_buckets
from accounts.tenancy import team_context

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _few(settings: Any, owner: User) -> Iterator[None]:
    """Two pages and one change at once, and new ones after longer than a test takes."""
    settings.PAGE_LIMITS = {"pages": 0.02, "changes": 0.01}
    rates.forget_pause()
    forget_buckets()
    with mock.patch("accounts.page_rates.BURST_SECONDS", 100):
        yield
    rates.forget_pause()
    with Redis.from_url(settings.REDIS_URL) as valkey:
        for key in valkey.scan_iter("steadyrun:rate:page:*"):
            valkey.delete(key)


@pytest.fixture
def groups_page(team: Team) -> str:
    return f"/t/{team.slug}/settings/groups/"


def test_who_opens_too_many_pages_is_told_when_to_come_again(
    owner_client: Client, member_client: Client, groups_page: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "steadyrun.security"):
        answers = [owner_client.get(groups_page, {"q": "<b>"}) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    seconds, text = answers[2]["Retry-After"], answers[2].content.decode()
    assert 10 < int(seconds) <= 50
    assert f"Come again in {seconds} seconds." in text
    assert f'href="{groups_page}?q=%3Cb%3E"' in text
    assert "the limit of pages was reached: user" in caplog.text
    # Another person has their own.
    assert member_client.get(groups_page).status_code != 429


def test_what_changes_something_has_a_smaller_limit_and_changes_nothing_beyond_it(
    owner_client: Client, team: Team, groups_page: str
) -> None:
    codes = [owner_client.post(groups_page, {"name": name, "do": "add"}).status_code for name in ("one", "two")]
    assert codes[1] == 429
    with team_context(team.id):
        assert not MemberGroup.objects.filter(name="two").exists()
    # A page is still opened: what was refused took nothing.
    assert owner_client.get(groups_page).status_code == 200


def test_a_change_that_is_refused_says_what_to_do(owner_client: Client, groups_page: str) -> None:
    owner_client.post(groups_page)
    text = owner_client.post(groups_page).content.decode()
    assert "Nothing was changed." in text
    assert "send it again" in text
    assert 'class="btn primary"' not in text


def test_exports_count_as_changes_do(owner_client: Client, team: Team) -> None:
    path = f"/t/{team.slug}/settings/keys/"
    assert [owner_client.get(path, {"format": "csv"}).status_code for _ in range(2)] == [200, 429]
    assert owner_client.get(path).status_code == 200


def test_all_sessions_of_a_person_count_together(owner_client: Client, owner: User, groups_page: str) -> None:
    other = Client()
    other.force_login(owner)
    assert [client.get(groups_page).status_code for client in (owner_client, other, owner_client)] == [200, 200, 429]


def test_who_has_not_signed_in_is_not_counted(client: Client) -> None:
    client.cookies["sessionid"] = "x" * 32
    assert [client.get("/sign-in/").status_code for _ in range(5)] == [200] * 5


def test_without_limits_nothing_is_asked(owner_client: Client, groups_page: str, settings: Any) -> None:
    settings.PAGE_LIMITS = {"pages": 0, "changes": 0}
    with mock.patch("accounts.page_rates.take") as take:
        assert [owner_client.get(groups_page).status_code for _ in range(5)] == [200] * 5
    assert take.call_count == 0


def test_each_process_counts_for_itself_while_the_server_is_gone(owner_client: Client, groups_page: str) -> None:
    with mock.patch.object(rates, "_script", return_value=mock.Mock(side_effect=RedisError)):
        assert [owner_client.get(groups_page).status_code for _ in range(3)] == [200, 200, 429]


def test_the_administration_is_limited_too(owner_client: Client, owner: User) -> None:
    User.objects.filter(id=owner.id).update(is_staff=True, is_superuser=True)
    assert [owner_client.get("/admin/").status_code for _ in range(3)] == [200, 200, 429]
