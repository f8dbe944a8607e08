"""Starts the process that writes exports of teams: one at a time, beside the worker, however long it takes."""

import subprocess
import sys
import threading
from datetime import datetime

from django.conf import settings

from accounts.services.team_exports import is_due

COMMAND = "write_team_exports"
_lock = threading.Lock()
_child: list[subprocess.Popen[bytes]] = []


def start_if_due(now: datetime) -> bool:
    """Starts a writer where an export is due and none of this process is at work; whether it did."""
    with _lock:
        if _child and _child[0].poll() is None:
            return False
        _child.clear()
        if not is_due(now):
            return False
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), COMMAND]
        _child.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))
        return True
