"""Settings of the web server (`gunicorn --config python:config.gunicorn`), read from the environment.

WEB_WORKERS processes (1) of WEB_THREADS threads (8) each. One process is enough for a small machine and
keeps idle memory low; a thread waits for PostgreSQL without the interpreter's lock.
"""

import os
import select
import socket
import struct
import time
from pathlib import Path
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from config import pause
from config.logs import logging_settings

# How long a thread waits for the next request on the connection that it has just answered.
STAY_MS = 20
# How long a thread waits for the next bytes of a request that has begun, or for a reader to take its answer.
SILENCE_SECONDS = int(os.environ.get("WEB_SILENCE_SECONDS", "10"))


class StayingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Answers a connection's next request in the thread that answered the last one, if it comes at once.

    Else each request passes through the main thread twice, which takes a quarter of gunicorn's own CPU and a switch
    between busy threads (ADR 0006). A thread stays only while another one is free. A connection that was told to come
    again later rests until then (`config.pause`).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Resting connections with their end and what the main thread does then; touched by the main thread alone.
        self.resting: list[tuple[float, Any, Any]] = []

    def handle(self, conn: Any) -> Any:
        """Answers requests of one connection; what it returns tells the main thread what to do with it."""
        pause.take()
        self._bound_waiting(conn)
        result = super().handle(conn)
        conn.pause = pause.take()
        while result is True and self.alive and not conn.pause and self._has_free_thread() and self._is_next_here(conn):
            result = super().handle(conn)
            conn.pause = pause.take()
        return result

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Called by the main thread when a request was answered: keeps, rests or closes the connection."""
        seconds, conn.pause = getattr(conn, "pause", 0.0), 0.0
        if seconds and self.alive:
            self.resting.append((time.monotonic() + seconds, conn, fs))
        else:
            super().finish_request(conn, fs)

    def murder_keepalived(self, force: bool = False) -> None:
        """Called in every round of the main loop (at least once a second): wakes connections that have rested."""
        now = time.monotonic()
        due = [one for one in self.resting if one[0] <= now or not self.alive]
        self.resting = [one for one in self.resting if one not in due]
        for _, conn, fs in due:
            super().finish_request(conn, fs)
        super().murder_keepalived(force)

    @staticmethod
    def _bound_waiting(conn: Any) -> None:
        """A sender that stops in the middle holds its thread for a bounded time, where gunicorn would wait for ever."""
        bound = struct.pack("ll", SILENCE_SECONDS, 0)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            conn.sock.setsockopt(socket.SOL_SOCKET, option, bound)

    def _has_free_thread(self) -> bool:
        in_hand = self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns)
        return bool(in_hand < self.cfg.threads)

    @staticmethod
    def _is_next_here(conn: Any) -> bool:
        if conn.parser.unreader.buf.getvalue():
            return True
        poller = select.poll()
        poller.register(conn.sock, select.POLLIN)
        return bool(poller.poll(STAY_MS))


bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_WORKERS", "1"))
threads = int(os.environ.get("WEB_THREADS", "8"))
worker_class = StayingWorker
# With several workers the application is loaded once and its memory shared; a lone worker loads its own,
# so that the process that watches it stays small.
preload_app = workers > 1
timeout = 60
graceful_timeout = 20
keepalive = 75
control_socket_disable = True
loglevel = os.environ.get("LOG_LEVEL", "info").lower()
if os.environ.get("LOG_FORMAT") == "json":
    logconfig_dict = logging_settings(loglevel.upper())
    # `config.logs` logs requests itself, by their routes: some addresses are secrets.
    logconfig_dict["loggers"] = {
        "gunicorn.error": {"propagate": True, "level": loglevel.upper()},
        "gunicorn.access": {"propagate": False, "level": "CRITICAL"},
    }
accesslog = "-" if os.environ.get("ACCESS_LOG") == "1" else None
# Workers prove that they live by touching a file; in memory that never waits for a disk.
if Path("/dev/shm").is_dir():  # noqa: S108 - the files are made by tempfile
    worker_tmp_dir = "/dev/shm"  # noqa: S108
