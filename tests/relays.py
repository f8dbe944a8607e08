"""Relays in front of a server, on this machine: what passes is up to the test."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
# Is given a client's connection, and one to the server, and lets pass what it wants.
Pass = Callable[[socket.socket, socket.socket], None]


@contextmanager
def standing_before(server: str, let_pass: Pass) -> Iterator[str]:
    """Takes connections in a server's stead, each in a thread of its own; gives the address of the relay."""
    told = urlsplit(server)
    listener = socket.create_server(("127.0.0.1", 0))

    def work(client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection((told.hostname, told.port)) as upstream:
            let_pass(client, upstream)

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=work, args=(client,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def forward(client: socket.socket, upstream: socket.socket, note: Callable[[bytes], object] = len) -> None:
    """Lets pass what a client sends, while somebody else looks at the answers; `note` is given each piece."""

    def work() -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                note(data)
                upstream.sendall(data)
            upstream.shutdown(socket.SHUT_WR)

    threading.Thread(target=work, daemon=True).start()


@dataclass
class Relay:
    """A running relay: what clients sent, a connection each."""

    url: str
    sent: list[bytearray] = field(default_factory=list)


@contextmanager
def relaying(server: str, lost: int) -> Iterator[Relay]:
    """A relay that lets every request through, and answers 503 in place of the first `lost` answers."""
    relay = Relay("")

    def let_pass(client: socket.socket, upstream: socket.socket) -> None:
        told = bytearray()
        relay.sent.append(told)
        is_lost = len(relay.sent) <= lost
        forward(client, upstream, told.extend)
        answer = upstream.recv(65536)
        client.sendall(UNAVAILABLE if is_lost else answer)
        client.shutdown(socket.SHUT_RDWR)

    with standing_before(server, let_pass) as relay.url:
        yield relay
