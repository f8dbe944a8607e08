"""`manage.py doctor` on what stands around the processes: pooler, replica, beat, proxy, clocks."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError, connection, connections
from django.utils import timezone
from redis import Redis

from accounts.replica import ALIAS
from config.aliveness import BEATS, Signs, note_beat
from config.doctor import Finding, State
from config.doctor import address as addresses
from config.doctor import connections as looks
from config.doctor.processes import see_beat, see_broker


def only(found: Any) -> Finding:
    """The one thing that was found."""
    (one,) = found
    return one


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("is_there", "is_told", "state", "said"),
    [
        (False, False, State.OK, "none"),
        (True, True, State.OK, "a pooler stands before"),
        (True, False, State.BROKEN, "we use sessions as our own"),
        (False, True, State.CAUTION, "PostgreSQL answers itself"),
    ],
)
def test_a_pooler_and_its_setting_agree(
    is_there: bool, is_told: bool, state: State, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "TRANSACTION_POOLED", is_told)
    if is_there:
        monkeypatch.setattr(looks, "is_pooled", lambda _connection: True)
    one = only(looks.see_pooling(timezone.now()))
    assert (one.state, bool(one.mend)) == (state, state is not State.OK)
    assert said in one.told


@pytest.mark.django_db
def test_connections_that_run_out_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(looks.see_connections(timezone.now())).state is State.OK
    monkeypatch.setattr(looks, "MOST_CONNECTIONS", 0.0)
    one = only(looks.see_connections(timezone.now()))
    assert one.state is State.CAUTION
    assert "DATABASE_POOL_SIZE" in one.mend


@pytest.mark.django_db
def test_rows_that_travel_in_the_clear_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "_TLS", "SELECT false, '198.18.0.1'::inet")
    assert only(looks.see_connections(timezone.now())).state is State.OK
    monkeypatch.setattr(looks, "_TLS", "SELECT false, '8.8.8.8'::inet")
    _, one = looks.see_connections(timezone.now())
    assert one.state is State.BROKEN
    assert "sslmode=verify-full" in one.mend


@pytest.mark.django_db
def test_a_replica_is_told_with_its_age(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "none" in only(looks.see_replica(timezone.now())).told
    monkeypatch.setitem(connections.settings, ALIAS, connections.settings["default"])
    monkeypatch.setattr(looks, "PAUSE", 0.0)
    monkeypatch.setattr(looks, "ask", lambda _alias, _sql: True)
    for age, state in ((0.4, State.OK), (float("inf"), State.CAUTION)):
        monkeypatch.setattr(looks, "Freshness", lambda told=age: SimpleNamespace(next_look=0.0, age=lambda _now: told))
        assert only(looks.see_replica(timezone.now())).state is state
    monkeypatch.setattr(looks, "ask", lambda _alias, _sql: False)
    follows_nobody = only(looks.see_replica(timezone.now()))
    assert (follows_nobody.state, follows_nobody.told) == (State.BROKEN, "it follows nobody")

    def away(_alias: str, _sql: str) -> Any:
        raise OperationalError("gone")

    monkeypatch.setattr(looks, "ask", away)
    assert "not reachable" in only(looks.see_replica(timezone.now())).told


@pytest.fixture
def no_beats(settings: Any) -> Iterator[Any]:
    """A broker that no beat has told anything."""
    with Redis.from_url(settings.REDIS_URL) as client:
        for key in client.scan_iter(f"{BEATS}*"):
            client.delete(key)
        yield client
        for key in client.scan_iter(f"{BEATS}*"):
            client.delete(key)


def test_a_beat_gives_signs_and_two_are_told(no_beats: Any, settings: Any, tmp_path: Any, monkeypatch: Any) -> None:
    assert only(see_beat(timezone.now())).state is State.BROKEN
    monkeypatch.setenv("STEADYRUN_ALIVE_FILE", str(tmp_path / "alive"))
    signs = Signs(lambda: note_beat(settings.REDIS_URL))
    signs()
    assert (tmp_path / "alive").exists()
    one = only(see_beat(timezone.now()))
    assert one.state is State.OK
    assert "sends hints" in one.told
    no_beats.set(f"{BEATS}other:1", 1)
    two = only(see_beat(timezone.now()))
    assert (two.state, two.told[0]) == (State.CAUTION, "2")


def test_a_clock_of_the_broker_that_differs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(see_broker(timezone.now())).state is State.OK
    monkeypatch.setattr("config.doctor.processes.MOST_SKEW", -1.0)
    _, one = see_broker(timezone.now())
    assert one.state is State.CAUTION
    assert "its clock differs" in one.told


class Proxy(BaseHTTPRequestHandler):
    """Answers the health check well and the sign-in as it was told."""

    sign_in = (200, "")

    def do_GET(self) -> None:
        """The name that http.server calls."""
        status, place = (200, "") if self.path == "/healthz" else self.sign_in
        self.send_response(status)
        if place:
            self.send_header("Location", place)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def proxy(settings: Any, status: int, place: str = "") -> Iterator[None]:
    """`BASE_URL` is an address whose sign-in answers so."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Told", (Proxy,), {}))
    settings.BASE_URL, settings.HTTPS = f"http://127.0.0.1:{server.server_port}", False
    server.RequestHandlerClass.sign_in = (status, settings.BASE_URL + place if place else "")  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "place", "state", "said"),
    [
        (200, "", State.OK, "answers"),
        (301, "/sign-in/", State.BROKEN, "leads to itself for ever"),
        (400, "", State.BROKEN, "not one of ours"),
        (502, "", State.BROKEN, "answers 502"),
    ],
)
def test_the_address_of_people_is_asked_as_they_do(
    settings: Any, status: int, place: str, state: State, said: str
) -> None:
    with proxy(settings, status, place):
        one = only(addresses.see_address(timezone.now()))
    assert one.state is state
    assert said in one.told


def test_an_address_where_nobody_answers_is_told(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.BASE_URL, settings.HTTPS = "http://127.0.0.1:1", False
    assert only(addresses.see_address(timezone.now())).state is State.BROKEN
    # From inside a network the way round by its proxy may be closed.
    monkeypatch.setattr(addresses, "is_elsewhere", lambda _url: True)
    assert only(addresses.see_address(timezone.now())).state is State.CAUTION


def test_a_certificate_that_ends_soon_is_told() -> None:
    now = timezone.now()
    assert only(addresses._tls(now + timedelta(days=13), now)).state is State.CAUTION
    assert only(addresses._tls(now + timedelta(days=60), now)).state is State.OK
    assert addresses._tls(None, now) == []
