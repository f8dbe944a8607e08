"""A mail server on this machine: speaks SMTP, with TLS where it has a certificate, and answers what the test says."""

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import cast


@dataclass
class Mailbox:
    """A running server. `answer` says how `RCPT TO` is answered, by address; `got` are messages that were taken."""

    port: int
    got: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answer: Callable[[str], str] = lambda address: "250 ok"


class Server(socketserver.ThreadingTCPServer):
    """Encrypts with `tls`, from the first byte or from STARTTLS on: then it takes no mail without it."""

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None, *, is_starttls: bool) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.tls, self.is_starttls = tls, is_starttls
        self.box = Mailbox(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing of clients that hang up: that they refuse a certificate is what a test is about."""


class Handler(socketserver.StreamRequestHandler):
    """One conversation."""

    server: Server

    def setup(self) -> None:
        """Encrypts before the first word where the server does so."""
        self.is_open = self.server.tls is None
        if not self.server.is_starttls:
            self._encrypt()
        super().setup()

    def _encrypt(self) -> None:
        if self.server.tls is not None:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
            self.is_open = True

    def finish(self) -> None:
        """Closes the encrypted socket, too, which the server does not know of."""
        super().finish()
        self.request.close()

    def handle(self) -> None:
        """Answers line by line until the client leaves."""
        self._say("220 mailbox")
        while line := self.rfile.readline().decode().strip():
            self._answer(line, line.upper())
            if line.upper() == "QUIT":
                return

    def _answer(self, line: str, word: str) -> None:
        if word == "QUIT":
            self._say("221 bye")
        elif not self.is_open:
            self._answer_openly(word)
        elif word.startswith("RCPT TO:"):
            self._say(self._recipient(line[8:].split(">", maxsplit=1)[0].strip("< ")))
        elif word == "DATA":
            self._say("354 go on")
            self.server.box.got.append(self._message())
            self._say("250 taken")
        else:
            self._say("250 ok")

    def _answer_openly(self, word: str) -> None:
        if word == "STARTTLS":
            self._say("220 go on")
            self._encrypt()
            super().setup()
        else:
            self._say("250-mailbox\r\n250 STARTTLS" if word.startswith("EHLO") else "530 STARTTLS first")

    def _recipient(self, address: str) -> str:
        said = self.server.box.answer(address)
        if said.startswith("250"):
            self.server.box.recipients.append(address)
        return said

    def _message(self) -> EmailMessage:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        return cast(EmailMessage, BytesParser(policy=policy.default).parsebytes(b"".join(lines)))

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mailbox(*, tls: ssl.SSLContext | None = None, is_starttls: bool = False) -> Iterator[Mailbox]:
    """A server on a free port of the loopback."""
    with Server(tls, is_starttls=is_starttls) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.box
        server.shutdown()
