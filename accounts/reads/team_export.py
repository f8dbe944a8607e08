"""Everything that a team set, and its executions, as a ZIP of JSON lines that is made while it is sent.

One file a table, read in pages by id, so that neither memory nor a transaction grows with the team. Steps, payloads and
log lines are left out: the API and the pages give those by execution. Secrets (binary columns) are left out, too.
"""

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from io import RawIOBase
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from accounts.models import ApiKey, Invitation, Membership
from accounts.tenancy import TenantModel, team_context

PAGE = 2_000


class _Stream(RawIOBase):
    """Holds what `zipfile` wrote until it is sent on; it cannot be sought in, so sizes stand behind each file."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[bytes] = []

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Takes a part."""
        part = bytes(data)
        self.parts.append(part)
        return len(part)

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = b"".join(self.parts)
        self.parts.clear()
        return taken


def zip_of(team_id: UUID) -> Iterator[bytes]:
    """The file, part by part."""
    stream = _Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for model in exported():
            with archive.open(f"{model._meta.db_table}.jsonl", "w", force_zip64=True) as file:
                for lines in _pages(team_id, model):
                    file.write(lines)
                    yield stream.take()
        archive.writestr("README.txt", f"Steadyrun, team {team_id}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC.\n")
    yield stream.take()


def exported() -> list[type[models.Model]]:
    """The tables that go into the file, by name: all of a team but the facts of single executions."""
    own = [model for model in apps.get_models() if issubclass(model, TenantModel)]
    return sorted([*own, Membership, ApiKey, Invitation], key=lambda model: model._meta.db_table)


def _pages(team_id: UUID, model: type[models.Model]) -> Iterator[bytes]:
    names = [
        field.attname
        for field in model._meta.concrete_fields
        if not isinstance(field, models.BinaryField) and field.attname != "team_id"
    ]
    last: Any = None
    while True:
        with team_context(team_id):
            rows = model._default_manager.filter(team_id=team_id).order_by("id")
            found = list((rows.filter(id__gt=last) if last else rows).values(*names)[:PAGE])
        if not found:
            return
        yield "".join(json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False) + "\n" for row in found).encode()
        last = found[-1]["id"]
