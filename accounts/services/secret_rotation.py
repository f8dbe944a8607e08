"""Encrypts all secrets at rest anew with the key in force, so that a fallback key can be taken away."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import models, transaction

from accounts.encryption import EncryptedField, Unreadable, is_newest, renewed
from accounts.models import Team
from accounts.tenancy import TenantModel, team_context

BATCH = 500


@dataclass(slots=True)
class Rotation:
    """What was done to one column: secrets encrypted anew, those that were already, those that no key reads."""

    column: str
    renewed: int = 0
    kept: int = 0
    unreadable: int = 0


def encrypted_columns() -> list[tuple[type[models.Model], str]]:
    """Each column that holds secrets, in the order of models."""
    return [
        (model, field.attname)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, EncryptedField)
    ]


def rotate() -> Iterator[Rotation]:
    """One `Rotation` a column. What was done stays done: stopped and begun again, it goes on."""
    for model, name in encrypted_columns():
        done = Rotation(f"{model._meta.db_table}.{name}")
        if issubclass(model, TenantModel):
            for team_id in Team.objects.order_by("id").values_list("id", flat=True):
                with team_context(team_id):
                    _rotate_rows(model, name, done)
        else:
            _rotate_rows(model, name, done)
        yield done


def _rotate_rows(model: type[models.Model], name: str, done: Rotation) -> None:
    rows, last = model._default_manager.filter(**{f"{name}__isnull": False}).order_by("pk"), None
    while True:
        with transaction.atomic():
            batch = (rows.filter(pk__gt=last) if last else rows).select_for_update().values_list("pk", name)[:BATCH]
            found = list(batch)
            for pk, value in found:
                _rotate_one(model, name, pk, bytes(value), done)
        if len(found) < BATCH:
            return
        last = found[-1][0]


def _rotate_one(model: type[models.Model], name: str, pk: object, value: bytes, done: Rotation) -> None:
    if is_newest(value):
        done.kept += 1
        return
    try:
        fresh = renewed(value)
    except Unreadable:
        done.unreadable += 1
        return
    model._default_manager.filter(pk=pk).update(**{name: fresh})
    done.renewed += 1
