"""Fixtures for every test: databases, people, browser.

Tests connect as the application's role (`default`), which owns nothing and obeys row-level security. A test
that needs the owner says `@pytest.mark.django_db(databases=["default", "owner"])`; the two are separate
connections, so neither sees what the other has not committed.
"""

import os
import shutil
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings
from pytest_django import DjangoDbBlocker
from pytest_socket import socket_allow_hosts

from tests import database

LOOPBACK = ["127.0.0.1", "::1"]
# As root Chromium has no sandbox; without the others it calls home at every start.
CHROMIUM_FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
]

pytest_plugins = ["tests.people"]

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


def pytest_runtest_setup() -> None:
    """No test reaches beyond this machine."""
    socket_allow_hosts(LOOPBACK, allow_unix_socket=True)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """This worker's database, a copy of the migrated template."""
    with django_db_blocker.unblock():
        database.create()
    yield
    with django_db_blocker.unblock():
        database.close()


@pytest.fixture(autouse=True)
def _tries_of_this_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong passwords of one test do not shut the door for the next."""
    monkeypatch.setattr("accounts.sign_in.tries.space", f"tries-{uuid4().hex}")


@pytest.fixture(scope="session", autouse=True)
def _owner_empties_tables(django_db_blocker: DjangoDbBlocker) -> None:
    """Tests that commit leave empty tables. Django would empty them as the application, which may not."""

    def teardown(_case: TransactionTestCase) -> None:
        with django_db_blocker.unblock():
            database.empty_tables()

    TransactionTestCase._fixture_teardown = teardown  # type: ignore[method-assign]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how many cases the matrix of isolation had, in all processes."""
    told = (one.user_properties for one in terminalreporter.getreports("passed"))
    cases = sum(value for properties in told for name, value in properties if name == "isolation cases")
    if cases:
        terminalreporter.write_line(f"isolation: {cases:,} cases (tests/isolation/test_matrix.py)")


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """How Chromium is started; without one the test is skipped and says so, and in CI it fails."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next((path for name in names if (path := shutil.which(name))), None)
    if program is None:
        reason = "no Chromium on this machine: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    flags = [*CHROMIUM_FLAGS, "--no-sandbox"] if os.geteuid() == 0 else CHROMIUM_FLAGS
    return {"executable_path": program, "headless": True, "args": flags}


@pytest.fixture(scope="session")
def base_url() -> str:
    """No address to start from: tests name the live server's."""
    return ""
