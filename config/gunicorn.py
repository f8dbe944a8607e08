"""Settings of the web server (`gunicorn --config python:config.gunicorn`), read from the environment.

WEB_WORKERS processes (1) of WEB_THREADS threads (8) each. One process is enough for a small machine and
keeps idle memory low; a thread waits for PostgreSQL without the interpreter's lock.
"""

import os
from pathlib import Path

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_WORKERS", "1"))
threads = int(os.environ.get("WEB_THREADS", "8"))
worker_class = "gthread"
# With several workers the application is loaded once and its memory shared; a lone worker loads its own,
# so that the process that watches it stays small.
preload_app = workers > 1
timeout = 60
graceful_timeout = 20
keepalive = 75
control_socket_disable = True
loglevel = os.environ.get("LOG_LEVEL", "info").lower()
accesslog = "-" if os.environ.get("ACCESS_LOG") == "1" else None
# Workers prove that they live by touching a file; in memory that never waits for a disk.
if Path("/dev/shm").is_dir():  # noqa: S108 - the files are made by tempfile
    worker_tmp_dir = "/dev/shm"  # noqa: S108
