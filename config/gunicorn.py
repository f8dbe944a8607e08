"""Settings of the web server (`gunicorn --config python:config.gunicorn`), read from the environment.

WEB_WORKERS processes (1) of WEB_THREADS threads (8) each. One process is enough for a small machine and
keeps idle memory low; a thread waits for PostgreSQL without the interpreter's lock.
"""

import os
import select
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.errors import ConfigError
from gunicorn.http import get_parser
from gunicorn.workers.gthread import ThreadWorker

from config import pause, reading
from config.leaving import Leaving
from config.logs import logging_settings

# How long a thread waits for the next request on the connection that it has just answered.
STAY_MS = 20


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
        self.leaving = Leaving(self._forget)

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Called before the first worker starts. Raises `ConfigError` for TLS, which ends at the proxy in front."""
        super().check_config(cfg, log)
        if cfg.is_ssl:
            raise ConfigError("this server speaks no TLS: let a proxy in front do it")

    def load_wsgi(self) -> None:
        """Loads the application. Where it refuses its settings the server ends: gunicorn would try again for ever."""
        try:
            super().load_wsgi()
        except SystemExit as refusal:
            sys.stderr.write(f"{refusal}\n")
            raise SystemExit(Arbiter.WORKER_BOOT_ERROR) from None

    def handle(self, conn: Any) -> Any:
        """Answers requests of one connection; what it returns tells the main thread what to do with it."""
        pause.take()
        self._bound_waiting(conn)
        result = self._handle_one(conn)
        while result is True and self.alive and not conn.pause and self._has_free_thread() and self._is_next_here(conn):
            result = self._handle_one(conn)
        return result

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answers a request whose headers are whole."""
        conn.parser.unreader.request = req
        return super().handle_request(req, conn)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Called by the main thread when a request was answered: keeps, rests or closes the connection."""
        seconds, conn.pause = getattr(conn, "pause", 0.0), 0.0
        if seconds and self.alive:
            self.resting.append((time.monotonic() + seconds, conn, fs))
        elif fs.cancelled() or fs.exception() or not fs.result():
            self.leaving.add(self.poller, conn)
        else:
            super().finish_request(conn, fs)

    def is_parent_alive(self) -> bool:
        """Whether the process that watches this one is there.

        When it was killed, requests at work are finished, but the port is free for the next server at once: gunicorn
        itself would hold it for up to `graceful_timeout`, take in nobody, and keep the next server from starting.
        """
        is_alive = bool(super().is_parent_alive())
        if not is_alive:
            self.set_accept_enabled(False)
            for listener in self.sockets:
                listener.close()
        return is_alive

    def murder_keepalived(self, force: bool = False) -> None:
        """Called in every round of the main loop (at least once a second): wakes connections that have rested."""
        now = time.monotonic()
        due = [one for one in self.resting if one[0] <= now or not self.alive]
        self.resting = [one for one in self.resting if one not in due]
        for _, conn, fs in due:
            super().finish_request(conn, fs)
        self.leaving.end_late_ones(self.poller)
        super().murder_keepalived(force)

    def _forget(self) -> None:
        self.nr_conns -= 1

    def _handle_one(self, conn: Any) -> Any:
        """Answers one request, also one whose headers do not come in time."""
        unreader = conn.parser.unreader
        unreader.begin()
        result = super().handle(conn)
        if unreader.is_late and unreader.request is None:
            with suppress(OSError):
                conn.sock.sendall(reading.ANSWER)
        conn.pause = pause.take()
        return result

    def _bound_waiting(self, conn: Any) -> None:
        """A sender that stops or drips holds its thread for a bounded time, where gunicorn would wait for ever."""
        if conn.parser is None:
            conn.parser = get_parser(self.cfg, conn.sock, conn.client)
            conn.parser.unreader = reading.TimedUnreader(conn.sock)
            bound = struct.pack("ll", *divmod(int(reading.SILENCE_SECONDS * 1_000_000), 1_000_000))
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, bound)

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
