"""What a command started by hand needs to find the servers that `make up` started."""

import json
import os
from pathlib import Path


def home() -> Path:
    """The data folder: STEADYRUN_HOME, else `.steadyrun` beside `manage.py`."""
    return Path(os.environ.get("STEADYRUN_HOME") or Path(__file__).resolve().parent.parent / ".steadyrun").absolute()


def use_running_servers() -> None:
    """Takes the addresses that a running `make up` noted in the data folder, where the environment gives none."""
    if os.environ.get("DATABASE_URL"):
        return
    try:
        noted = json.loads((home() / "addresses.json").read_text())
    except (OSError, ValueError):
        return
    for name, value in noted.items():
        os.environ.setdefault(name, value)


def main(arguments: list[str]) -> int:
    """Runs one of Django's or the apps' commands against the servers of `make up`, or those the environment names."""
    use_running_servers()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from config.celery import app

    app.set_default()
    execute_from_command_line(arguments)
    return 0
