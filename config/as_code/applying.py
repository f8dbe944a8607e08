"""Makes a team as a file says: all of it, or nothing."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.tenancy import team_context
from config.as_code.changes import Applying, Change, Document, FileRefused
from config.as_code.document import SECTIONS

BY = "manage.py config"


def apply(
    team_id: UUID, document: Document, now: datetime, *, is_dry: bool = False, is_pruning: bool = False
) -> list[Change]:
    """What was changed, or with `is_dry` would be. Sections that the file does not have are left as they are.

    `is_pruning` removes what a section of the file does not name. Raises `FileRefused` with every fault that was found,
    and nothing is changed then.
    """
    at = Applying(team_id, now, BY, is_pruning=is_pruning)
    with team_context(team_id), transaction.atomic():
        for section in SECTIONS:
            if section.name in document:
                section.apply(document[section.name], at)
        if at.faults:
            raise FileRefused(at.faults)
        if is_dry:
            transaction.set_rollback(True)
    return at.changes
