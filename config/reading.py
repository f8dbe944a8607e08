"""How long one request may take to come: silence is bounded, and so is the time for the whole, by what has come.

A sender may be silent for `SILENCE_SECONDS`, and may let us wait for `GRACE_SECONDS` and one second more for each
`BYTES_PER_SECOND` bytes that came: else one that drips a byte now and then holds a thread of the web server for as long
as it likes. Only waiting for the sender counts, not what the application does meanwhile.
"""

import errno
import os
import socket
import struct
import time
from typing import Any

from gunicorn.http.unreader import SocketUnreader

SILENCE_SECONDS = float(os.environ.get("WEB_SILENCE_SECONDS", "10"))
GRACE_SECONDS = float(os.environ.get("WEB_READ_GRACE_SECONDS", "30"))
BYTES_PER_SECOND = float(os.environ.get("WEB_READ_BYTES_PER_SECOND", "10000"))

BODY = b"The request did not come in time.\n"
# For headers that did not come in time: there is no request yet that an application could answer.
ANSWER = (
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)


class TooSlow(TimeoutError):
    """The rest of a request did not come in time. To gunicorn it is like a sender that went away: no error of ours."""

    def __init__(self) -> None:
        super().__init__(errno.EPIPE, "the request did not come in time")


class TimedUnreader(SocketUnreader):  # type: ignore[misc]  # gunicorn has no types
    """What gunicorn's parser reads a connection with. `begin` starts the clock of each request."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self._bound = 0.0
        self.begin()

    def begin(self) -> None:
        """The next request: its headers come first."""
        # gunicorn's request once its headers are whole.
        self.request: Any = None
        self.is_late = False
        self._waited = 0.0
        self._received = 0

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The next bytes, none at the end of the connection. Raises `TooSlow`."""
        left = GRACE_SECONDS + self._received / BYTES_PER_SECOND - self._waited
        if left <= 0:
            raise self._too_slow()
        self._limit_waiting(min(left, SILENCE_SECONDS))
        started = time.monotonic()
        try:
            data: bytes = super().chunk(size_hint)
        except BlockingIOError:
            raise self._too_slow() from None
        self._waited += time.monotonic() - started
        self._received += len(data)
        return data

    def _too_slow(self) -> TooSlow:
        self.is_late = True
        if self.request is not None:
            # Where the next request would begin is not known.
            self.request.must_close = True
        return TooSlow()

    def _limit_waiting(self, seconds: float) -> None:
        """Lets the system bound the wait: one call for most requests, where a timeout of Python polls each time."""
        if seconds != self._bound:
            whole, part = divmod(max(int(seconds * 1_000_000), 1000), 1_000_000)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", whole, part))
            self._bound = seconds
