"""Ends connections without waiting for the other side.

A connection that is closed with bytes unread is reset, which can take the answer away from a sender that still
sends. So the writing side is closed first, and what comes is read until the other side ends it, too, bounded. gunicorn
waits for that in the thread that takes in all connections, 2 seconds each; here they wait in its poller.
"""

import selectors
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any

LINGER_SECONDS = 2.0
MAX_DRAINED_BYTES = 64 * 1024
BLOCK_BYTES = 4096


class Leaving:
    """Connections that were answered for the last time; used by the main thread alone.

    `closed` is called for each one when it is closed. The poller's keys carry what to call, as gunicorn's do.
    """

    def __init__(self, closed: Callable[[], None]) -> None:
        self._closed = closed
        self._ends: dict[Any, float] = {}
        self._drained: dict[Any, int] = {}

    def add(self, poller: selectors.BaseSelector, conn: Any) -> None:
        """Says goodbye, and closes when the other side does, too."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, poller, conn))
        except (OSError, ValueError, KeyError):
            self._close(conn)
            return
        self._ends[conn] = time.monotonic() + LINGER_SECONDS
        self._drained[conn] = 0

    def end_late_ones(self, poller: selectors.BaseSelector) -> None:
        """Closes those that have had their time; called at least once a second."""
        now = time.monotonic()
        for conn in [one for one, end in self._ends.items() if end <= now]:
            self._remove(poller, conn)

    def _drain(self, poller: selectors.BaseSelector, conn: Any, _sock: Any) -> None:
        try:
            data = conn.sock.recv(BLOCK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._drained[conn] += len(data)
        if not data or self._drained[conn] >= MAX_DRAINED_BYTES:
            self._remove(poller, conn)

    def _remove(self, poller: selectors.BaseSelector, conn: Any) -> None:
        poller.unregister(conn.sock)
        del self._ends[conn], self._drained[conn]
        self._close(conn)

    def _close(self, conn: Any) -> None:
        conn.close()
        self._closed()
