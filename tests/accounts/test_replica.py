"""Pages on the replica: how old it is, who may see it so, and what happens when it fails."""

import math
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.db import InternalError, OperationalError, connections
from django.http import Http404, HttpResponse
from django.test import RequestFactory
from psycopg.errors import ReadOnlySqlTransaction
from psycopg_pool import PoolTimeout

from accounts import replica
from accounts.replica import AfterChanges, Freshness, read_page


def test_it_is_as_old_as_the_last_end_of_the_log_that_it_has_reached() -> None:
    found = Freshness()
    found.next_look = math.inf
    found.note(10.0, end=100, replayed=90)
    assert found.age(10.0) == math.inf
    found.note(11.0, end=200, replayed=150)
    assert found.age(11.0) == 1.0
    found.note(12.0, end=300, replayed=300)
    assert found.age(12.5) == 0.5


def test_one_that_gets_nothing_more_grows_old_and_one_where_nothing_happens_does_not() -> None:
    silent, idle = Freshness(), Freshness()
    silent.next_look = idle.next_look = math.inf
    for second in range(20):
        silent.note(float(second), end=100 + second, replayed=100)
        idle.note(float(second), end=100, replayed=100)
    assert silent.age(19.0) == 19.0
    assert idle.age(19.0) == 0.0


def test_one_that_follows_nobody_is_never_used() -> None:
    found = Freshness()
    found.next_look = math.inf
    found.note(1.0, end=0, replayed=-1)
    assert found.age(1.0) == math.inf


def test_nobody_waits_for_one_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    def away(alias: str, sql: str) -> Any:
        looks.append(alias)
        raise PoolTimeout("gone")

    monkeypatch.setattr(replica, "ask", away)
    monkeypatch.setattr(replica, "forget_connections", lambda: None)
    found = Freshness()
    assert found.age(100.0) == math.inf
    assert found.age(101.0) == math.inf
    assert len(looks) == 1
    found.age(100.0 + replica.AWAY)
    assert len(looks) == 2


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A request of a page that may be read on a fresh replica, which is the database of the tests itself."""
    fresh = SimpleNamespace(age=lambda _now: 0.0, lose=lambda _now: lost.append(True))
    lost: list[bool] = []
    monkeypatch.setattr(replica, "freshness", fresh)
    monkeypatch.setattr(replica, "_writing", set())
    monkeypatch.setitem(connections.settings, replica.ALIAS, connections.settings["default"])
    request = RequestFactory().get("/t/a/trends/")
    request.resolver_match = SimpleNamespace(url_name="trends")  # type: ignore[assignment]
    request.lost = lost  # type: ignore[attr-defined]
    yield request
    connections[replica.ALIAS].close()
    del connections[replica.ALIAS]


def places(request: Any, *failures: Exception | None) -> list[str]:
    """Where a page was read, each time that it was; `failures` are what went wrong there."""
    seen: list[str] = []

    def make() -> str:
        seen.append(connections["default"].alias)
        fault = failures[len(seen) - 1] if len(seen) <= len(failures) else None
        if fault:
            raise fault
        return "made"

    assert read_page(request, make) == "made"
    return seen


def test_a_page_is_read_there_and_the_next_statement_is_not(asked: Any) -> None:
    assert places(asked) == ["replica"]
    assert connections["default"].alias == "default"


def test_who_changed_something_reads_the_primary(asked: Any, settings: Any) -> None:
    def changed(_request: Any) -> HttpResponse:
        return HttpResponse()

    told = AfterChanges(changed)(RequestFactory().post("/t/a/settings/"))
    cookie = told.cookies[replica.cookie_name()]
    # Longer than a replica in use may be behind.
    assert int(cookie["max-age"]) > settings.REPLICA_LAG_SECONDS
    assert cookie["httponly"]
    assert not AfterChanges(changed)(RequestFactory().get("/t/a/")).cookies
    asked.COOKIES[replica.cookie_name()] = cookie.value
    assert places(asked) == ["default"]


def test_a_change_is_never_tried_there(asked: Any) -> None:
    asked.method = "POST"
    assert places(asked) == ["default"]


def test_one_that_is_late_is_not_asked(asked: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "freshness", SimpleNamespace(age=lambda _now: settings.REPLICA_LAG_SECONDS + 1))
    assert places(asked) == ["default"]


@pytest.mark.parametrize("fault", [OperationalError("gone"), PoolTimeout("gone"), Http404()])
def test_what_fails_there_is_read_on_the_primary(asked: Any, fault: Exception) -> None:
    assert places(asked, fault) == ["replica", "default"]
    assert asked.lost == ([True] if isinstance(fault, PoolTimeout) else [])


def test_a_page_that_is_nowhere_is_told_so(asked: Any) -> None:
    def make() -> None:
        raise Http404("No such page.")

    with pytest.raises(Http404):
        read_page(asked, make)
    assert connections["default"].alias == "default"


def test_a_page_that_writes_is_read_there_once(asked: Any) -> None:
    # As Django words it.
    assert issubclass(ReadOnlySqlTransaction, psycopg.InternalError)
    fault = InternalError("cannot execute UPDATE in a read-only transaction")
    fault.__cause__ = ReadOnlySqlTransaction()
    assert places(asked, fault) == ["replica", "default"]
    assert places(asked) == ["default"]
