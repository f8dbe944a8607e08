"""The web server as it runs in production (gunicorn), with the application on the tests' database or another one."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connections

from config.children import Child, free_port, spawn, wait_until


def _database_url() -> str:
    """This worker's database: tests that commit share it with the server."""
    name = connections["default"].settings_dict["NAME"]
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@contextmanager
def serving(folder: Path, application: str, **own: str) -> Iterator[tuple[int, Child]]:
    """Port and process of a gunicorn with our settings; `application` is `module:name`, also one of `folder`."""
    port = free_port(0)
    path = f"{folder}{os.pathsep}{Path(__file__).parents[1]}"
    server = spawn(
        "web",
        [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn", application],
        home=folder,
        environment={**os.environ, "PYTHONPATH": path, "PORT": str(port), **own},
    )

    def ready() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(ready, server, seconds=30)
    try:
        yield port, server
    finally:
        server.stop()


@contextmanager
def running(folder: Path, **own: str) -> Iterator[str]:
    """The address of a gunicorn with the application; it stops at the end, its files go into `folder`."""
    settings = {"DATABASE_URL": _database_url(), "WEB_THREADS": "4", "DJANGO_SETTINGS_MODULE": "config.settings"}
    with serving(folder, "config.wsgi:application", **settings, **own) as (port, _):
        yield f"http://127.0.0.1:{port}"
