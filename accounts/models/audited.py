"""Settings that tell the audit log what changes, and how events are written."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Self, TypeVar
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_noop

from accounts.acting import SYSTEM, Actor, Scope, Via, current_scope
from accounts.models.audit_event import AuditEvent, InstallationEvent
from accounts.statements import insert_row
from accounts.tenancy import current_team_id, in_team

MAX_TEXT = 1_000

# What events are about, as they keep it: for translators to find.
_KINDS = (
    gettext_noop("alert rule"),
    gettext_noop("audit stream"),
    gettext_noop("budget"),
    gettext_noop("capture policy"),
    gettext_noop("channel"),
    gettext_noop("destination"),
    gettext_noop("entry"),
    gettext_noop("export"),
    gettext_noop("improvement"),
    gettext_noop("invitation"),
    gettext_noop("legal hold"),
    gettext_noop("member group"),
    gettext_noop("membership"),
    gettext_noop("redaction rule"),
    gettext_noop("resource rate"),
    gettext_noop("retention policy"),
    gettext_noop("route"),
    gettext_noop("saved view"),
    gettext_noop("silence"),
    gettext_noop("source"),
    gettext_noop("success criterion"),
    gettext_noop("team"),
    gettext_noop("tracker"),
    gettext_noop("user"),
    gettext_noop("workflow"),
    gettext_noop("price"),
    gettext_noop("discount"),
    gettext_noop("API key"),
    gettext_noop("failure group"),
    gettext_noop("execution"),
)


def record(
    action: str,
    target: Any = None,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    note: str = "",
    at: datetime | None = None,
    actor: Actor | None = None,
) -> AuditEvent:
    """Writes an event of the team in force. `target` is a model's row, or (kind, id, name).

    `action` is a noun and what happened to it: `membership.changed`, `payload.viewed`, `export.downloaded`.
    """
    scope = current_scope()
    event = AuditEvent(team_id=current_team_id(), **_fields(action, target, before, after, note, actor, scope))
    if at is not None:
        event.at = at
    insert_row(event)
    if scope is not None:
        scope.events += 1
    return event


def record_for_installation(
    action: str,
    target: Any = None,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    note: str = "",
    actor: Actor | None = None,
    about_team: UUID | None = None,
) -> InstallationEvent:
    """Writes an event that belongs to no team."""
    scope = current_scope()
    if scope is not None:
        scope.events += 1
    return InstallationEvent.objects.create(
        about_team=about_team, **_fields(action, target, before, after, note, actor, scope)
    )


def _fields(
    action: str,
    target: Any,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    note: str,
    actor: Actor | None,
    scope: Scope | None,
) -> dict[str, Any]:
    who = actor or (scope.actor if scope else None) or SYSTEM
    kind, id, name = _target(target)
    return {
        "actor_kind": who.kind,
        "actor_id": who.id,
        "actor_name": who.name[:254],
        "impersonated_by": who.impersonated_by[:254],
        "action": action,
        "target_kind": kind,
        "target_id": id[:200],
        "target_name": name[:200],
        "before": None if before is None else {field: as_json(value) for field, value in before.items()},
        "after": None if after is None else {field: as_json(value) for field, value in after.items()},
        "note": note[:500],
        "via": scope.via if scope else Via.TASK,
        "address": scope.address if scope else None,
        "request_id": scope.request_id if scope else "",
    }


def _target(target: Any) -> tuple[str, str, str]:
    if target is None:
        return "", "", ""
    if isinstance(target, tuple):
        kind, id, name = target
        return kind, str(id), _plain(str(name))
    return kind_of(type(target)), str(target.pk), _plain(str(target))


def kind_of(model: type[models.Model]) -> str:
    """What a model's rows are called in the log: `alert rule`."""
    return str(model._meta.verbose_name_raw)


def as_json(value: Any) -> Any:
    """The value as JSON can hold it; long texts are cut, NUL is left out."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {_plain(str(name)): as_json(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_json(one) for one in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    text = _plain(str(value))
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text):,} letters)"


def _plain(text: str) -> str:
    return text.replace("\x00", "")


class Audited(models.Model):
    """A row that people set: `save` and `delete` tell the log what changed, where a person or a key asked for it.

    Fields in `audit_secret` are told without their value; those in `audit_ignored` (bookkeeping) not at all.
    `bulk_create`, `update` and `delete` of querysets do not pass here: services that use them call `record`.
    """

    audit_secret: ClassVar[frozenset[str]] = frozenset()
    audit_ignored: ClassVar[frozenset[str]] = frozenset({"created_at", "updated_at", "last_used_at"})

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Saves, and tells what was added or changed."""
        is_new = self._state.adding
        super().save(*args, **kwargs)
        told = self._audit_values()
        read = getattr(self, "_audit_read", {})
        known = {} if is_new else {name: read[name] for name in told if name in read}
        self._audit_read = {field.attname: self.__dict__.get(field.attname) for field in self._meta.concrete_fields}
        if not _is_asked_for():
            return
        kind = kind_of(type(self)).replace(" ", "_")
        if is_new:
            self._tell(f"{kind}.added", after=_hidden(self, told))
        elif changed := [name for name, value in known.items() if as_json(value) != as_json(told[name])]:
            before, after = ({name: one[name] for name in changed} for one in (known, told))
            self._tell(f"{kind}.changed", before=_hidden(self, before), after=_hidden(self, after, is_after=True))

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Deletes, and tells what was there."""
        if _is_asked_for():
            kind = kind_of(type(self)).replace(" ", "_")
            self._tell(f"{kind}.removed", before=_hidden(self, self._audit_values()))
        return super().delete(*args, **kwargs)

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any) -> Self:
        """Keeps what was read, to tell what changes."""
        made = super().from_db(db, field_names, values, **options)
        made._audit_read = dict(zip(field_names, values, strict=True))
        return made

    @property
    def audit_team_id(self) -> UUID:
        """The team in whose log a change of this row stands."""
        return self.team_id  # type: ignore[attr-defined, no-any-return]

    @property
    def audit_name(self) -> str:
        """What the row is called in the log."""
        return str(self)

    def _tell(self, action: str, **values: Any) -> None:
        """Writes the event, in a context of the team where none is in force (rows of control tables)."""
        with in_team(self.audit_team_id):
            record(action, (kind_of(type(self)), self.pk, self.audit_name), **values)

    def _audit_values(self) -> dict[str, Any]:
        """What is loaded of the fields that are told."""
        left_out = {*self.audit_ignored, "id", "team_id"}
        names = (field.attname for field in self._meta.concrete_fields if field.attname not in left_out)
        return {name: self.__dict__[name] for name in names if name in self.__dict__}


def _is_asked_for() -> bool:
    scope = current_scope()
    return scope is not None and scope.actor is not None


def _hidden(row: Audited, told: dict[str, Any], *, is_after: bool = False) -> dict[str, Any]:
    """The values without secrets."""
    shown = "(changed)" if is_after else "(set)"
    return {
        name: value if name not in row.audit_secret else (shown if value else "(none)") for name, value in told.items()
    }


A = TypeVar("A", bound=Audited)


def update_told(rows: models.QuerySet[A], **values: Any) -> int:
    """As `rows.update(**values)`, and tells what changes in each row. `values` by the names of columns."""
    if _is_asked_for():
        kind = kind_of(rows.model).replace(" ", "_")
        for row in rows:
            known = {name: getattr(row, name) for name in values if name not in row.audit_ignored}
            changed = [name for name, value in known.items() if as_json(value) != as_json(values[name])]
            if changed:
                before, after = {name: known[name] for name in changed}, {name: values[name] for name in changed}
                row._tell(f"{kind}.changed", before=_hidden(row, before), after=_hidden(row, after, is_after=True))
    return rows.update(**values)


def remove_told(rows: models.QuerySet[A]) -> int:
    """As `rows.delete()`, and tells what each row was; how many there were."""
    if _is_asked_for():
        kind = kind_of(rows.model).replace(" ", "_")
        for row in rows:
            row._tell(f"{kind}.removed", before=_hidden(row, row._audit_values()))
    gone: int = rows.delete()[1].get(rows.model._meta.label, 0)
    return gone
