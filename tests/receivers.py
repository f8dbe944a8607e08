"""Receivers of forwarded records, on this machine: they keep what came and answer what the test says."""

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Received:
    """One request that came; its body inflated."""

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"


@dataclass
class Answer:
    """What the receiver says."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class TestReceiver:
    """A running receiver: `answer` decides by the request and how many came before it."""

    url: str
    got: list[Received] = field(default_factory=list)
    answer: Callable[[Received, int], Answer] = lambda received, number: Answer()
    __test__ = False


@contextmanager
def receiving(port: int = 0) -> Iterator[TestReceiver]:
    """A receiver on this port of the loopback, by default a free one."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            told = Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            told.method = self.command
            found = receiver.answer(told, len(receiver.got))
            receiver.got.append(told)
            with suppress(BrokenPipeError, ConnectionResetError):
                self._say(found)

        def _say(self, found: Answer) -> None:
            self.send_response(found.status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body)

        def do_PATCH(self) -> None:
            self.do_POST()

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    receiver = TestReceiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
