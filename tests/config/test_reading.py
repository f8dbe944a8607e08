"""Senders that drip: real sockets to a real gunicorn with our settings and small limits."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.web import serving

THREADS = 3
GRACE = 1.0
RATE = 20_000
APPLICATION = """
import time
from gunicorn.http.errors import ParseException
from config.chunked import ChunkedBodies

def count(environ, start_response):
    length, body = int(environ.get("CONTENT_LENGTH") or 0), environ["wsgi.input"]
    if environ["PATH_INFO"] == "/busy":
        time.sleep(1.5)
    answer = str(len(body.read(length))).encode()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]

application = ChunkedBodies(count, limit=10**6, upload_limit=10**6, broken=(ParseException, OSError, ValueError))
"""
HEAD = b"POST %s HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a gunicorn that tells the length of each body."""
    folder = tmp_path_factory.mktemp("reading")
    (folder / "counting.py").write_text(APPLICATION)
    settings = {"WEB_READ_GRACE_SECONDS": str(GRACE), "WEB_READ_BYTES_PER_SECOND": str(RATE)}
    with serving(folder, "counting:application", WEB_THREADS=str(THREADS), **settings) as (number, _):
        yield number


def connect(port: int) -> socket.socket:
    """A connection whose answers come within 10 s."""
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def answered(connection: socket.socket) -> bytes:
    """The body of one answer, which is one digit."""
    answer = b""
    while not answer.partition(b"\r\n\r\n")[2]:
        answer += connection.recv(65536)
    return answer.partition(b"\r\n\r\n")[2]


def drip(connection: socket.socket, head: bytes, drop: bytes) -> bytes:
    """Sends a drop each fifth of a second after the head, until the server says something; returns that, to its end."""
    connection.sendall(head)
    connection.settimeout(0.2)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            first = connection.recv(65536)
        except TimeoutError:
            connection.sendall(drop)
            continue
        connection.settimeout(5)
        return first + b"".join(iter(lambda: connection.recv(65536), b""))
    raise AssertionError("nothing was said in 10 s")


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"POST / HTTP/1.1\r\nX-Long: ", b"a"),
        (HEAD % b"/" + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
    ids=["headers", "chunked body"],
)
def test_a_sender_that_drips_is_told_so_and_the_connection_is_closed(port: int, head: bytes, drop: bytes) -> None:
    started = time.monotonic()
    with connect(port) as connection:
        answer = drip(connection, head, drop)
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout")
    assert b"connection: close" in answer.lower()
    assert GRACE <= time.monotonic() - started < GRACE + 3


def test_a_large_body_on_a_slow_line_is_taken(port: int) -> None:
    size, parts, started = 80_000, 20, time.monotonic()
    with connect(port) as connection:
        connection.sendall(HEAD % b"/" + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(parts):
            connection.sendall(b"x" * (size // parts))
            time.sleep(0.12)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert time.monotonic() - started > 2 * GRACE
    assert answer.endswith(b"\r\n\r\n80000")


def test_what_the_application_does_meanwhile_is_not_the_sender_s_time(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(HEAD % b"/busy" + b"Connection: close\r\nContent-Length: 4\r\n\r\nab")
        time.sleep(1.8)
        connection.sendall(b"cd")
        assert b"".join(iter(lambda: connection.recv(65536), b"")).endswith(b"\r\n\r\n4")


def test_each_request_of_a_kept_connection_has_its_own_time(port: int) -> None:
    with connect(port) as connection:
        for _ in range(3):
            connection.sendall(HEAD % b"/" + b"Content-Length: 4\r\n\r\n")
            time.sleep(0.5)
            connection.sendall(b"abcd")
            assert answered(connection) == b"4"


def test_dripping_senders_do_not_keep_others_out(port: int) -> None:
    with ExitStack() as open_ones:
        for _ in range(2 * THREADS):
            slow = open_ones.enter_context(connect(port))
            slow.sendall(HEAD % b"/" + b"Content-Length: 9\r\n\r\n1")
        started = time.monotonic()
        with connect(port) as connection:
            connection.sendall(HEAD % b"/" + b"Content-Length: 4\r\n\r\nabcd")
            assert answered(connection) == b"4"
        assert time.monotonic() - started < 2 * GRACE + 3


def test_senders_that_stay_after_the_last_answer_hold_nobody_up(port: int) -> None:
    with ExitStack() as open_ones:
        for _ in range(8):
            staying = open_ones.enter_context(connect(port))
            staying.sendall(b"no request\r\n\r\n")
            assert staying.recv(65536).startswith(b"HTTP/1.1 400")
        started = time.monotonic()
        with connect(port) as connection:
            connection.sendall(HEAD % b"/" + b"Content-Length: 4\r\n\r\nabcd")
            assert answered(connection) == b"4"
        assert time.monotonic() - started < 1
        # And they are closed all the same.
        time.sleep(2.5 + 1)
        staying.sendall(b"x")
        time.sleep(0.1)
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            staying.sendall(b"x")
