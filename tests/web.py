"""The web server as it runs in production (gunicorn, with its wrapper around bodies), on the database of the tests."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connections

from config.children import free_port, spawn, wait_until


def _database_url() -> str:
    """This worker's database: tests that commit share it with the server."""
    name = connections["default"].settings_dict["NAME"]
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The address of a gunicorn that stops at the end; its files go into `folder`."""
    port = free_port(0)
    url = _database_url()
    own = {"PORT": str(port), "DATABASE_URL": url, "WEB_THREADS": "4", "DJANGO_SETTINGS_MODULE": "config.settings"}
    server = spawn(
        "web",
        [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn", "config.wsgi:application"],
        home=folder,
        environment={**os.environ, **own, "PYTHONPATH": str(Path(__file__).parents[1])},
    )

    def ready() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(ready, server, seconds=30)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()
