"""What a migration must not do to a table that the former release uses: the rules of docs/migrations.md as code."""

import re
from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations as m
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED

BREAKING = (m.RemoveField, m.RenameField, m.RenameModel, m.DeleteModel, m.AlterModelTable, m.AlterUniqueTogether)
# What a field may change in without a change of the column.
WORDS = {"choices", "help_text", "verbose_name", "blank", "default", "validators", "related_name", "error_messages"}
_STATEMENTS = (
    (r"\bDROP\s+TABLE\s+(?:IF EXISTS\s+)?(\w+)", "drops a table that the former release reads"),
    (r"ALTER\s+TABLE\s+(?:ONLY\s+)?(\w+)[^;]*?\bDROP\s+COLUMN", "drops a column that the former release reads"),
    (r"ALTER\s+TABLE\s+(?:ONLY\s+)?(\w+)[^;]*?\bRENAME\b", "renames what the former release uses"),
    (
        r"ALTER\s+TABLE\s+(?:ONLY\s+)?(\w+)[^;]*?\bALTER\s+(?:COLUMN\s+)?\w+\s+(?:SET DATA\s+)?TYPE\b",
        "rewrites the table",
    ),
    (r"ALTER\s+TABLE\s+(?:ONLY\s+)?(\w+)[^;]*?\bSET\s+NOT\s+NULL", "reads the whole table under a lock"),
    (r"ALTER\s+TABLE\s+(?:ONLY\s+)?(\w+)[^;]*?\bADD\s+PRIMARY\s+KEY", "builds an index under a lock"),
    (
        r"ALTER\s+TABLE\s+(?:ONLY\s+)?(\w+)[^;]*?\bADD\s+(?:COLUMN\s+)?\w+\s+[^,;]*NOT NULL(?![^,;]*DEFAULT)",
        "no default",
    ),
    (r"ALTER\s+TABLE\s+(?:ONLY\s+)?(\w+)[^;]*?\bADD\s+CONSTRAINT\b(?![^;]*NOT VALID)", "reads the table under a lock"),
    (r"CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY)(?:\w+\s+)?ON\s+(?:ONLY\s+)?(\w+)", "holds up all writers"),
    (r"\b(?:UPDATE\s+(?=\w+\s+SET)|DELETE\s+FROM\s+)(\w+)", "changes rows: do it in batches, in a command or task"),
    (r"\b(?:VACUUM\s+FULL|CLUSTER|LOCK\s+TABLE)\s+(\w+)", "locks the table"),
)


def _made(operation: Operation) -> set[str]:
    """The tables that an operation makes."""
    if isinstance(operation, m.CreateModel):
        return {str(operation.options.get("db_table", "")), operation.name.lower()}
    return {name.lower() for sql in _texts(operation) for name in re.findall(r"CREATE\s+TABLE\s+(\w+)", sql)}


def _texts(operation: Operation) -> list[str]:
    """The statements of an operation, without bodies of functions: those run later."""
    if not isinstance(operation, m.RunSQL):
        return []
    given = operation.sql if isinstance(operation.sql, list | tuple) else [operation.sql]
    texts = [str(one[0] if isinstance(one, list | tuple) else one) for one in given]
    return [re.sub(r"--[^\n]*|\$(\w*)\$.*?\$\1\$", "", text, flags=re.DOTALL) for text in texts]


def _column(field: Any) -> tuple[Any, ...]:
    """What of a field its column depends on."""
    _, path, args, told = field.deconstruct()
    told = {name: value for name, value in told.items() if name not in WORDS}
    if "base_field" in told:
        told["base_field"] = _column(told["base_field"])
    return path, args, told


def _field(operation: m.AddField) -> Iterator[str]:
    """What is wrong with a new column."""
    field = operation.field
    if not field.many_to_many and not field.null and field.db_default is NOT_PROVIDED:
        yield f"{operation.describe()}: the former release writes rows without it (null=True or db_default)"
    if not field.many_to_many and (getattr(field, "db_index", False) or field.unique):
        yield f"{operation.describe()}: builds an index under a lock (AddIndexConcurrently)"


def _changed(app: str, model: str, operation: Operation, state: ProjectState) -> Iterator[str]:
    """What is wrong with an operation on a model that was there before."""
    said = operation.describe()
    if isinstance(operation, BREAKING):
        yield f"{said}: the former release still uses it"
    elif isinstance(operation, m.AddField):
        yield from _field(operation)
    elif isinstance(operation, m.AlterField):
        before = state.models[app, model].fields[operation.name]
        if _column(before) != _column(operation.field):
            yield f"{said}: rewrites or locks the table, or takes away what was allowed"
    elif type(operation) is m.AddIndex:
        yield f"{said}: holds up all writers (AddIndexConcurrently)"
    elif isinstance(operation, m.AddConstraint) and not isinstance(operation, AddConstraintNotValid):
        yield f"{said}: reads the table under a lock (AddConstraintNotValid, then ValidateConstraint)"


def _written(operation: Operation, made: set[str]) -> Iterator[str]:
    """What is wrong with statements and programs of a migration."""
    if isinstance(operation, m.RunPython):
        yield f"{operation.describe()}: changes rows in a migration (a command or task, in batches)"
    for text in _texts(operation):
        for pattern, why in _STATEMENTS:
            for found in re.finditer(pattern, text, flags=re.IGNORECASE):
                if found[1].lower() not in made:
                    yield f"{found[0][:60]!r}: {why}"


def _checked(app: str, operation: Operation, state: ProjectState, made: set[str]) -> Iterator[str]:
    """What is wrong with one operation; tables that the migration made itself are free."""
    model = str(getattr(operation, "model_name", getattr(operation, "name", ""))).lower()
    if model not in made:
        yield from _changed(app, model, operation, state)
        yield from _written(operation, made)


def violations(migration: m.Migration, state: ProjectState) -> list[str]:
    """What a migration does that it must not. `state` is the one before it, and afterwards the one after it."""
    said: list[str] = []
    made: set[str] = set()
    for operation in migration.operations:
        separate = isinstance(operation, m.SeparateDatabaseAndState)
        for real in operation.database_operations if separate else [operation]:
            made |= _made(real)
            said += _checked(migration.app_label, real, state, made)
        operation.state_forwards(migration.app_label, state)
        if isinstance(operation, m.CreateModel):
            made.add(operation.name.lower())
        elif separate:
            made |= {one.name.lower() for one in operation.state_operations if isinstance(one, m.CreateModel)}
    return said
