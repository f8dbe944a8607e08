"""Usage files that members upload: kept for a day in the team's own folder, under a name that nobody guesses."""

import re
import secrets
import time
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from django.conf import settings

MAX_BYTES = 5 * 1024 * 1024
KEPT_S = 24 * 3_600
_NAME = re.compile(r"[0-9a-f]{32}")


def _folder(team_id: UUID) -> Path:
    folder = Path(settings.UPLOADS_FOLDER) / str(team_id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def keep(team_id: UUID, chunks: Iterable[bytes]) -> str:
    """Keeps a file; its name. Files that were left for a day go."""
    folder = _folder(team_id)
    for path in folder.iterdir():
        if path.stat().st_mtime < time.time() - KEPT_S:
            path.unlink(missing_ok=True)
    name = secrets.token_hex(16)
    with (folder / name).open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
    return name


def find(team_id: UUID, name: str) -> Path | None:
    """The file of that name; None where there is none of this team."""
    path = _folder(team_id) / name if _NAME.fullmatch(name) else None
    return path if path is not None and path.is_file() else None
