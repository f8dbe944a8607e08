"""The release that somebody names for an improvement: a known one, else one announced as live now."""

from datetime import datetime

from accounts.models import User
from monitoring.identity import LabelKind, label_id, release_id
from monitoring.models import Label, Release, Workflow

MAX_NAME = 200


class ReleaseRefused(Exception):
    """The name is none; the text says why."""


def release_named(workflow: Workflow, name: str, *, by: User | str | None, now: datetime) -> Release:
    """The release of the workflow with this name; made and announced where there is none. Raises `ReleaseRefused`."""
    name = name.strip()
    if not name or len(name) > MAX_NAME or "\x00" in name:
        raise ReleaseRefused(f"must be a name of up to {MAX_NAME} characters, and no NUL")
    name_id = label_id(LabelKind.RELEASE, name)
    values = [Label(team_id=workflow.team_id, id=name_id, kind=LabelKind.RELEASE, value=name)]
    Label.objects.bulk_create(values, ignore_conflicts=True)
    release, _ = Release.objects.get_or_create(
        team_id=workflow.team_id,
        id=release_id(workflow.id, name),
        defaults={
            "workflow_id": workflow.id,
            "name": name,
            "name_id": name_id,
            "released_at": now,
            "announced_at": now,
            "announced_by": by if isinstance(by, User) else None,
            "key_name": by if isinstance(by, str) else "",
        },
    )
    return release
