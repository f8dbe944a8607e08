"""Senders that drip their bodies to the application: refused in the protocol's words, and the source tells it."""

import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.models import SourceRejection
from monitoring.models import Execution
from tests.web import running

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str | None, int | None]]:
    """Host and port of a server that waits for a second."""
    with running(tmp_path_factory.mktemp("web"), WEB_READ_GRACE_SECONDS="1") as address:
        told = urlsplit(address)
        yield told.hostname, told.port


@pytest.mark.parametrize("path", ["/api/v1/executions", "/v1/traces", "/services/collector"])
def test_a_body_that_drips_is_refused_and_its_source_says_why(
    server: tuple[str, int], path: str, api_key: str, team: Team
) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: {server[0]}\r\nAuthorization: Bearer {api_key}\r\n"
    with socket.create_connection(server, timeout=10) as connection:
        connection.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n".encode())
        started = time.monotonic()
        connection.settimeout(0.2)
        answer = b""
        while not answer and time.monotonic() - started < 10:
            connection.sendall(b" ")
            try:
                answer = connection.recv(65536)
            except TimeoutError:
                continue
        connection.settimeout(5)
        answer += b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.decode().partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 408")
    assert "connection: close" in head.lower()
    assert "did not come in time" in body
    with team_context(team.id):
        assert not Execution.objects.exists()
        assert "did not come in time" in SourceRejection.objects.get().reason
