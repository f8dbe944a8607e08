"""Tries against receivers that behave badly, over real connections."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from accounts.retrying import Verdict
from alerts.channels.webhook import new_secret
from alerts.services import sending
from tests.alerts.telling import notice, told_by
from tests.receivers import Answer, TestReceiver, receiving

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def hook(url: str, secret: str = "") -> sending.Outcome:
    return told_by("webhook", notice(), {"url": url}, {"secret": secret or new_secret()})


@contextmanager
def speaking(say: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server on a bare socket that says what `say` writes, whatever it is asked."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.recv(65_536)
                    say(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        thread.join(10)


def trickle(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.1)


def test_a_receiver_that_trickles_is_cut_off(loopback, monkeypatch) -> None:
    monkeypatch.setattr(sending, "SECONDS", 1.0)
    began = time.monotonic()
    with speaking(trickle) as url:
        outcome = hook(url)
        assert time.monotonic() - began < 3
    assert outcome.result.verdict is Verdict.LATER
    assert outcome.result.reason == "No answer within 1 s."


def test_of_two_gigabytes_64_kib_are_read(loopback) -> None:
    sent = []

    def flood(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.sendall(HEAD + b"Content-Length: 2147483648\r\n\r\n")
            for _ in range(2_048):
                connection.sendall(b"x" * 1_048_576)
                sent.append(1)

    with speaking(flood) as url:
        outcome = hook(url)
    assert outcome.result.verdict is Verdict.TAKEN
    assert len(sent) < 64, "the connection is closed long before the end"


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 999999 x\r\n\r\n", HEAD + b"X: y\r\n" * 500])
def test_what_is_no_answer_is_tried_again(loopback, said) -> None:
    with speaking(lambda connection: connection.sendall(said)) as url:
        assert hook(url).result.verdict is Verdict.LATER


def test_nobody_listens(loopback) -> None:
    assert hook("http://127.0.0.1:9/").result.verdict is Verdict.LATER


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/", "http://10.0.0.8/", "http://[::1]:9/", "http://169.254.169.254/"]
)
def test_addresses_inside_are_refused(url) -> None:
    outcome = hook(url)
    assert outcome.result.verdict is Verdict.REFUSED
    assert "an address inside this network" in outcome.result.reason


@pytest.mark.parametrize(
    "target", ["http://10.0.0.8/", "http://127.0.0.2:9/", "http://[::1]:9/", "http://localhost:9/x"]
)
@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_to_an_address_inside_is_refused(receiver: TestReceiver, target, status, monkeypatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", _resolved)
    receiver.answer = lambda received, number: Answer(status, b"", {"Location": target})
    outcome = hook(receiver.url)
    assert outcome.result.verdict is Verdict.REFUSED
    assert "an address inside this network" in outcome.result.reason
    assert len(receiver.got) == 1


def _resolved(host: str, port: int, *told: object, **more: object) -> list:
    inside = {"localhost": "127.0.0.3"}.get(host, host)
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (inside, port))]


def test_a_redirect_that_keeps_the_request_is_followed(receiver: TestReceiver) -> None:
    with receiving() as second:
        receiver.answer = lambda received, number: Answer(307, b"", {"Location": f"{second.url}/there"})
        assert hook(receiver.url).result.verdict is Verdict.TAKEN
        assert [got.path for got in second.got] == ["/there"]
        assert second.got[0].body == receiver.got[0].body
        assert second.got[0].headers["webhook-id"] == receiver.got[0].headers["webhook-id"]


def test_credentials_stay_behind_when_it_leads_to_another_host(receiver: TestReceiver) -> None:
    with receiving() as second:
        receiver.answer = lambda received, number: Answer(308, b"", {"Location": second.url})
        told = {"url": receiver.url}
        assert told_by("alertmanager", notice(), told, {"token": "a-bearer-token"}).result.verdict is Verdict.TAKEN
        assert receiver.got[0].headers["authorization"] == "Bearer a-bearer-token"
        assert "authorization" not in second.got[0].headers


@pytest.mark.parametrize("status", [301, 302, 303])
def test_other_redirects_are_refused_with_what_to_do(receiver: TestReceiver, status) -> None:
    receiver.answer = lambda received, number: Answer(status, b"", {"Location": "https://elsewhere.example/"})
    outcome = hook(receiver.url)
    assert outcome.result.verdict is Verdict.REFUSED
    assert "Enter that address" in outcome.result.reason


def test_redirects_in_a_circle_end(receiver: TestReceiver) -> None:
    receiver.answer = lambda received, number: Answer(307, b"", {"Location": "/again"})
    outcome = hook(receiver.url)
    assert "more than 3 times" in outcome.result.reason
    assert len(receiver.got) == 4


def test_a_secret_that_a_receiver_repeats_is_not_kept(receiver: TestReceiver) -> None:
    secret = new_secret()
    receiver.answer = lambda received, number: Answer(401, f"bad {secret} \x00 \n line".encode())
    assert hook(receiver.url, secret).result.reason == "It answered 401: bad [secret] line"


def test_a_reference_that_cannot_be_kept_is_left_out(receiver: TestReceiver, monkeypatch) -> None:
    monkeypatch.setattr("alerts.channels.slack.BASE", receiver.url)
    told = {"ok": True, "channel": "C1", "ts": "\x00"}
    receiver.answer = lambda received, number: Answer(200, json.dumps(told).encode())
    outcome = told_by("slack", notice(), {"channel": "C1"}, {"token": "xoxb-1"})
    assert (outcome.result.verdict, outcome.reference) == (Verdict.TAKEN, None)


def test_a_mistake_in_one_notice_is_told_and_not_raised(receiver: TestReceiver) -> None:
    outcome = told_by("webhook", notice(), {}, {"secret": new_secret()})
    assert outcome.result.verdict is Verdict.UNFIT
    assert outcome.result.reason == "An error here: KeyError."
