"""The test bench itself: what every other test relies on."""

import socket

import pytest
import redis
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer
from pytest_socket import SocketConnectBlockedError

from accounts.models import User
from tests.people import PASSWORD
from tests.servers import worker, worker_number


@pytest.mark.django_db(databases=["default", "owner"])
def test_default_is_the_application_and_owner_the_owner() -> None:
    rows = []
    for alias in ("default", "owner"):
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT current_user, current_database()")
            rows.append(cursor.fetchone())
    assert rows == [("steadyrun_app", f"test_{worker()}"), ("steadyrun_owner", f"test_{worker()}")]


@pytest.mark.django_db(databases=["default", "owner"])
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


def test_each_worker_has_its_own_valkey_database() -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        assert broker.connection_pool.connection_kwargs["db"] == worker_number()
        assert broker.ping()


def test_network_is_blocked() -> None:
    warned, refused = pytest.warns(UserWarning, match="192.0.2.1"), pytest.raises(SocketConnectBlockedError)
    with socket.socket() as outside, warned, refused:
        outside.connect(("192.0.2.1", 80))


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_browser_reaches_the_live_server(live_server: LiveServer, page: Page, owner: User) -> None:
    page.goto(f"{live_server.url}/sign-in/")
    page.get_by_label("mail", exact=False).fill(owner.email)
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator("input[type=password]").press("Enter")
    page.wait_for_url(lambda address: "/sign-in/" not in address)


@pytest.mark.django_db
def test_tables_are_empty_after_a_test_that_committed() -> None:
    assert not User.objects.exists()
