"""A relay in front of a server, on this machine, that loses the server's first answers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Relay:
    """A running relay: what clients sent, a connection each."""

    url: str
    lost: int
    sent: list[bytes] = field(default_factory=list)


@contextmanager
def relaying(server: str, lost: int) -> Iterator[Relay]:
    """A relay that lets every request through, and answers 503 in place of the first `lost` answers."""
    told = urlsplit(server)
    listener = socket.create_server(("127.0.0.1", 0))
    relay = Relay(f"http://127.0.0.1:{listener.getsockname()[1]}", lost)

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client, socket.create_connection((told.hostname, told.port)) as upstream:
                _pass(client, upstream, relay)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _pass(client: socket.socket, upstream: socket.socket, relay: Relay) -> None:
    """Lets one request and its answer pass."""
    relay.sent.append(b"")
    number = len(relay.sent) - 1

    def forward() -> None:
        while data := client.recv(65536):
            relay.sent[number] += data
            upstream.sendall(data)

    thread = threading.Thread(target=forward, daemon=True)
    thread.start()
    answer = upstream.recv(65536)
    client.sendall(UNAVAILABLE if number < relay.lost else answer)
    client.shutdown(socket.SHUT_RDWR)
    thread.join(5)
