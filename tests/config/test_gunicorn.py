"""Which thread answers: real requests over kept connections to a real gunicorn with our settings."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from config import pause
from config.children import Child
from tests.web import serving

THREADS = 3
APPLICATION = """
import threading
import time

from config import pause

def application(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ["PATH_INFO"] == "/busy":
        pause.ask(1.0, environ)
    if environ["PATH_INFO"] == "/slow":
        time.sleep(4)
    answer = f"{threading.get_ident()} {len(body)}".encode()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[int, Child]]:
    """The port and the process of a gunicorn that tells which thread answers."""
    (tmp_path / "threads.py").write_text(APPLICATION)
    with serving(tmp_path, "threads:application", WEB_THREADS=str(THREADS), WEB_SILENCE_SECONDS="1") as found:
        yield found


def connect(port: int) -> closing[http.client.HTTPConnection]:
    """A connection that is kept until the block ends."""
    return closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20))


def ask(connection: http.client.HTTPConnection, body: bytes = b"") -> tuple[str, int]:
    """Sends one request; the thread that answered it, and the length of the body that it saw."""
    connection.request("POST", "/", body)
    thread, length = connection.getresponse().read().decode().split()
    return thread, int(length)


def test_a_kept_connection_stays_with_its_thread(server: tuple[int, Child]) -> None:
    with connect(server[0]) as connection:
        answers = [ask(connection, b"x" * size) for size in (0, 10, 70_000, 3, 200_000, 0)]
    assert [length for _, length in answers] == [0, 10, 70_000, 3, 200_000, 0]
    # A pause of this process can make a request late: it is then answered by any thread.
    assert len({thread for thread, _ in answers}) < len(answers)


def test_idle_connections_hold_no_thread(server: tuple[int, Child]) -> None:
    with ExitStack() as open_ones:
        connections = [open_ones.enter_context(connect(server[0])) for _ in range(4 * THREADS)]
        for _ in range(3):
            assert [ask(connection, b"1234")[1] for connection in connections] == [4] * len(connections)


def test_more_busy_connections_than_threads_are_all_answered(server: tuple[int, Child]) -> None:
    def talk(_: int) -> list[int]:
        with connect(server[0]) as connection:
            return [ask(connection, b"1" * size)[1] for size in range(30)]

    with ThreadPoolExecutor(4 * THREADS) as pool:
        assert list(pool.map(talk, range(4 * THREADS))) == [list(range(30))] * 4 * THREADS


def test_requests_sent_at_once_are_answered_in_order(server: tuple[int, Child]) -> None:
    one = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab"
    last = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server[0]), timeout=20) as connection:
        connection.sendall(one * 3 + last)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.count(b"HTTP/1.1 200 OK") == 4


def test_a_stopping_server_ends_in_time(server: tuple[int, Child]) -> None:
    port, child = server
    with connect(port) as connection:
        ask(connection)
        child.process.terminate()
        assert child.process.wait(timeout=15) == 0


def test_a_killed_server_leaves_the_port_at_once_and_finishes_what_is_at_work(server: tuple[int, Child]) -> None:
    port, child = server
    with connect(port) as connection:
        connection.request("POST", "/slow", b"1234")
        time.sleep(0.3)
        child.process.kill()
        began = time.monotonic()
        while True:
            try:
                socket.create_server(("127.0.0.1", port)).close()
                break
            except OSError:
                assert time.monotonic() - began < 3, "the port is still taken"
                time.sleep(0.05)
        assert connection.getresponse().read().endswith(b" 4")


def test_a_connection_that_was_told_to_come_again_rests_and_holds_nobody_up(server: tuple[int, Child]) -> None:
    with connect(server[0]) as hasty, connect(server[0]) as other:
        hasty.request("POST", "/busy", b"1")
        hasty.getresponse().read()
        started = time.monotonic()
        assert ask(other, b"12")[1] == 2
        assert time.monotonic() - started < 0.9
        assert ask(hasty, b"123")[1] == 3
        assert time.monotonic() - started > 0.9


def test_a_resting_connection_does_not_keep_the_server_from_stopping(server: tuple[int, Child]) -> None:
    with connect(server[0]) as hasty:
        hasty.request("POST", "/busy", b"1")
        hasty.getresponse().read()
        started = time.monotonic()
        server[1].stop()
        assert time.monotonic() - started < 10


@pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_VIA"])
def test_a_connection_that_a_proxy_shares_among_senders_never_rests(header: str) -> None:
    pause.take()  # what a request in an earlier test may have asked for
    pause.ask(1.0, {header: "203.0.113.7"})
    assert pause.take() == 0
    pause.ask(60.0, {})
    assert (pause.take(), pause.take()) == (pause.MAX_SECONDS, 0)


@pytest.mark.parametrize(
    "begun", [b"POST / HTTP/1.1\r\nHost: x", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab"]
)
def test_senders_that_stop_in_the_middle_hold_their_threads_for_a_bounded_time(
    server: tuple[int, Child], begun: bytes
) -> None:
    with ExitStack() as open_ones:
        for _ in range(2 * THREADS):
            silent = open_ones.enter_context(socket.create_connection(("127.0.0.1", server[0])))
            silent.sendall(begun)
        with connect(server[0]) as connection:
            started = time.monotonic()
            assert ask(connection, b"1234")[1] == 4
            assert time.monotonic() - started < 8


def test_a_server_whose_application_refuses_its_settings_ends_and_says_why_once(tmp_path: Path) -> None:
    (tmp_path / "refusing.py").write_text("raise SystemExit('E030: make a key')")
    command = [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn", "--pythonpath", str(tmp_path)]
    done = subprocess.run(
        [*command, "refusing:application"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={**os.environ, "PORT": "0", "WEB_WORKERS": "1"},
    )
    assert done.returncode == 3
    assert done.stderr.count("E030: make a key") == 1
