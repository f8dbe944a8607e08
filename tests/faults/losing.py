"""A relay that loses answers: the server has done its work, and the sender never hears of it."""

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.relays import forward, standing_before


@dataclass
class Relay:
    """A running relay: where it is, and how many answers passed and were lost."""

    url: str
    passed: int = 0
    lost: int = 0


@contextmanager
def losing(server: str, share: float) -> Iterator[Relay]:
    """A relay that lets every request through to a server, and cuts the line in place of a share of its answers."""
    relay = Relay("")

    def let_pass(client: socket.socket, upstream: socket.socket) -> None:
        forward(client, upstream)
        while answer := upstream.recv(65536):
            if random.random() < share:
                relay.lost += 1
                client.shutdown(socket.SHUT_RDWR)
                return
            relay.passed += 1
            client.sendall(answer)

    with standing_before(server, let_pass) as relay.url:
        yield relay
