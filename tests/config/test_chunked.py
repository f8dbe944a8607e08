"""Bodies without a length, sent by a real sender to a real gunicorn."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.web import serving

LIMIT = 100_000
APPLICATION = f"""
from gunicorn.http.errors import ParseException
from config.chunked import ChunkedBodies

def echo(environ, start_response):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{{length}} {{len(body)}} {{body[:5].decode()}} {{'HTTP_TRANSFER_ENCODING' in environ}}".encode()]

application = ChunkedBodies(echo, limit={LIMIT}, upload_limit={2 * LIMIT}, broken=(ParseException, OSError, ValueError))
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a gunicorn that tells the length and start of each body."""
    folder = tmp_path_factory.mktemp("chunked")
    (folder / "echo.py").write_text(APPLICATION)
    with serving(folder, "echo:application") as (number, _):
        yield number


def send(
    port: int,
    *parts: bytes,
    headers: str = "Transfer-Encoding: chunked\r\n",
    end: bool = False,
    path: str = "/",
) -> tuple[int, str]:
    """Sends a request in these parts; with `end` the sending side is closed after them. Returns status and body."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for part in (head.encode(), *parts):
            connection.sendall(part)
        if end:
            connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    status_line, _, body = answer.partition(b"\r\n\r\n")
    return int(status_line.split()[1]), body.decode()


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(body), body)


LAST = b"0\r\n\r\n"


def test_chunked_body_gets_its_length(port: int) -> None:
    status, body = send(port, chunk(b"hello"), chunk(b" world"), LAST)
    assert status == 200
    assert "11 11 hello False" in body


def test_body_of_many_chunks_is_whole(port: int) -> None:
    status, body = send(port, *[chunk(b"x" * 1000) for _ in range(100)], LAST)
    assert status == 200
    assert "100000 100000 xxxxx False" in body


def test_empty_chunked_body(port: int) -> None:
    status, body = send(port, LAST)
    assert status == 200
    assert "0 0" in body


def test_body_with_a_length_is_left_alone(port: int) -> None:
    status, body = send(port, b"hello", headers="Content-Length: 5\r\n")
    assert status == 200
    assert "5 5 hello False" in body


@pytest.mark.parametrize("headers", ["Transfer-Encoding: chunked\r\n", "Content-Length: 1000001\r\n"])
def test_too_large_is_refused_with_an_answer(port: int, headers: str) -> None:
    body = b"x" * 1_000_001
    parts = (chunk(body), LAST) if "chunked" in headers else (body,)
    status, answer = send(port, *parts, headers=headers)
    assert status == 413
    assert json.loads(answer)["limit_bytes"] == LIMIT


@pytest.mark.parametrize("is_chunked", [True, False])
@pytest.mark.parametrize(("path", "size", "status"), [("/t/a/b/", 150_000, 200), ("/v1/x", 150_000, 413)])
def test_a_form_with_files_for_a_page_may_be_larger(port: int, path: str, size: int, status: int, is_chunked) -> None:
    kind = "Content-Type: multipart/form-data; boundary=x\r\n"
    length = "Transfer-Encoding: chunked\r\n" if is_chunked else f"Content-Length: {size}\r\n"
    parts = (chunk(b"x" * size), LAST) if is_chunked else (b"x" * size,)
    assert send(port, *parts, headers=kind + length, path=path)[0] == status


@pytest.mark.parametrize("headers", ["Transfer-Encoding: chunked\r\n", "Content-Length: 1000001\r\n"])
def test_the_page_itself_refuses_files_that_are_too_large(port: int, headers: str) -> None:
    """It gets their length, and nothing of them."""
    body = b"x" * 1_000_001
    parts = (chunk(body), LAST) if "chunked" in headers else (body,)
    headers += "Content-Type: multipart/form-data; boundary=x\r\n"
    status, told = send(port, *parts, headers=headers, path="/t/a/b/")
    assert status == 200
    length, received = told.split()[1:3]
    assert int(length) > 2 * LIMIT
    assert received == "0"


@pytest.mark.parametrize("sent", [b"5\r\nhel", b"zz\r\nhello\r\n", chunk(b"hello")])
def test_body_that_ends_early_or_is_malformed(port: int, sent: bytes) -> None:
    status, answer = send(port, sent, end=True)
    assert status == 400
    assert json.loads(answer)["title"] == "The body cannot be read"


def test_server_lives_on_after_bad_bodies(port: int) -> None:
    send(port, b"zz\r\n", end=True)
    assert send(port, chunk(b"hello"), LAST)[0] == 200


def test_a_real_client_that_sends_chunked(port: int) -> None:
    code = (
        "import httpx, sys\n"
        f"answer = httpx.post('http://127.0.0.1:{port}/', content=(part for part in [b'hello', b'!']))\n"
        "sys.stdout.write(answer.text)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "6 6 hello False"
