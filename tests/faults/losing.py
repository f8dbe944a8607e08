"""A relay that loses answers: the server has done its work, and the sender never hears of it."""

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass
class Relay:
    """A running relay: where it is, and how many answers passed and were lost."""

    url: str
    passed: int = 0
    lost: int = 0


@contextmanager
def losing(server: str, share: float) -> Iterator[Relay]:
    """A relay that lets every request through to a server, and cuts the line in place of a share of its answers."""
    told = urlsplit(server)
    listener = socket.create_server(("127.0.0.1", 0))
    relay = Relay(f"http://127.0.0.1:{listener.getsockname()[1]}")

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=_pass, args=(client, told.hostname, told.port, relay, share), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _pass(client: socket.socket, host: str, port: int, relay: Relay, share: float) -> None:
    with client, socket.create_connection((host, port)) as server, suppress(OSError):
        threading.Thread(target=_forward, args=(client, server), daemon=True).start()
        while answer := server.recv(65536):
            if random.random() < share:
                relay.lost += 1
                client.shutdown(socket.SHUT_RDWR)
                return
            relay.passed += 1
            client.sendall(answer)


def _forward(client: socket.socket, server: socket.socket) -> None:
    with suppress(OSError):
        while data := client.recv(65536):
            server.sendall(data)
        server.shutdown(socket.SHUT_WR)
