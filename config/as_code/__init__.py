"""Settings of a team as a file: `manage.py config export` writes it, `apply` makes the team so."""

from config.as_code.applying import apply
from config.as_code.changes import Act, Change, FileRefused
from config.as_code.document import SECTIONS, export, read

__all__ = ["SECTIONS", "Act", "Change", "FileRefused", "apply", "export", "read"]
