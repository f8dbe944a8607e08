"""A mail server on this machine: speaks SMTP, keeps what it is given, and answers what the test says."""

import socketserver
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


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A server on a free port of the loopback."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 mailbox")
            while line := self.rfile.readline().decode().strip():
                word = line.upper()
                if word.startswith("RCPT TO:"):
                    address = line[8:].split(">")[0].strip("< ")
                    said = box.answer(address)
                    if said.startswith("250"):
                        box.recipients.append(address)
                    self._say(said)
                elif word == "DATA":
                    self._say("354 go on")
                    box.got.append(self._message())
                    self._say("250 taken")
                elif word == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 ok")

        def _message(self) -> EmailMessage:
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line[1:] if line.startswith(b"..") else line)
            return cast(EmailMessage, BytesParser(policy=policy.default).parsebytes(b"".join(lines)))

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        box = Mailbox(server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield box
        server.shutdown()
