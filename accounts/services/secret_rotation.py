"""Encrypts all secrets at rest anew with the key in force, so that a fallback key can be taken away."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import models, transaction

from accounts.encryption import EncryptedField, EncryptedTextField, Unreadable, is_newest, renewed
from accounts.models import Team
from accounts.tenancy import TenantModel, team_context

BATCH = 500
# What allauth encrypts of an authenticator: the secret of an app, the seed of recovery codes.
FACTORS, FACTOR_SECRETS = "mfa_authenticator.data", ("secret", "seed")


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
        if isinstance(field, EncryptedField | EncryptedTextField)
    ]


def rotate() -> Iterator[Rotation]:
    """One `Rotation` a column. What was done stays done: stopped and begun again, it goes on."""
    for model, name in encrypted_columns():
        done = Rotation(f"{model._meta.db_table}.{name}")
        for _ in _each_context(model):
            _rotate_rows(model, name, done)
        yield done
    yield _rotate_second_factors()


def tell_readable() -> Iterator[Rotation]:
    """The same for each column, without changing anything: `renewed` are those that an older key reads."""
    for model, name in encrypted_columns():
        found = Rotation(f"{model._meta.db_table}.{name}")
        for _ in _each_context(model):
            rows = model._default_manager.filter(**{f"{name}__isnull": False}).values_list(name, flat=True)
            for value in rows.iterator(BATCH):
                _fresh(value, found)
        yield found
    found = Rotation(FACTORS)
    for data in Authenticator.objects.values_list("data", flat=True).iterator(BATCH):
        for name in FACTOR_SECRETS:
            _fresh(data.get(name, ""), found)
    yield found


def _each_context(model: type[models.Model]) -> Iterator[None]:
    """Where rows of the model are seen: within each team in turn, or once."""
    if not issubclass(model, TenantModel):
        yield
        return
    for team_id in Team.objects.order_by("id").values_list("id", flat=True):
        with team_context(team_id):
            yield


def _rotate_rows(model: type[models.Model], name: str, done: Rotation) -> None:
    rows, last = model._default_manager.filter(**{f"{name}__isnull": False}).order_by("pk"), None
    while True:
        with transaction.atomic():
            batch = (rows.filter(pk__gt=last) if last else rows).select_for_update().values_list("pk", name)[:BATCH]
            found = list(batch)
            for pk, value in found:
                fresh = _fresh(value, done)
                if fresh is not None:
                    model._default_manager.filter(pk=pk).update(**{name: fresh})
        if len(found) < BATCH:
            return
        last = found[-1][0]


def _fresh(value: Any, done: Rotation) -> Any:
    """The value under the key in force, of the same kind; None where it stays as it is."""
    kept = value.encode() if isinstance(value, str) else bytes(value)
    if not kept:
        return None
    if is_newest(kept):
        done.kept += 1
        return None
    try:
        fresh = renewed(kept)
    except Unreadable:
        done.unreadable += 1
        return None
    done.renewed += 1
    return fresh.decode() if isinstance(value, str) else fresh


def _rotate_second_factors() -> Rotation:
    """Authenticator apps and recovery codes keep theirs inside a document."""
    done = Rotation(FACTORS)
    for pk in Authenticator.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            one = Authenticator.objects.select_for_update().get(pk=pk)
            fresh = {name: _fresh(one.data[name], done) for name in FACTOR_SECRETS if name in one.data}
            if any(fresh.values()):
                one.data = {**one.data, **{name: value for name, value in fresh.items() if value is not None}}
                one.save(update_fields=["data"])
    return done
