"""Migrations with as few models made as each operation needs (ADR 25).

A migration passes through a state for each of its operations. Django makes anew, for each, every model that is related
to the one that changes: here all, because all point to the team. Most operations ask for one model only. They get a
registry that makes a model when it is asked for, with the keys of those it points to; all others get what Django
gives them.
"""

import copy
from collections.abc import Iterator
from typing import Any

from django.db import migrations as m
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import AppConfigStub, ModelState, ProjectState, StateApps
from django.db.migrations.utils import resolve_relation

# Their database part asks for the model that they name, and follows nothing that points to it.
OF_ONE_MODEL = (
    *(m.CreateModel, m.AddField, m.RemoveField),
    *(m.AddIndex, m.RemoveIndex, m.AddConstraint, m.RemoveConstraint),
)
# What of a model shows in the columns of those that point to it.
SEEN_OPTIONS = ("db_table", "managed", "proxy", "swappable")
Key = tuple[str, str]


def _points_to(key: Key, state: ModelState) -> Iterator[tuple[Key, bool]]:
    """What a model cannot be made without, and whether it takes the whole of it or its keys alone."""
    yield from ((resolve_relation(base, *key), True) for base in state.bases if isinstance(base, str))
    for field in state.fields.values():
        if target := getattr(field.remote_field, "through", None):
            yield resolve_relation(target, *key), True
        if target := getattr(field.remote_field, "model", None):
            yield resolve_relation(target, *key), False


def _keys_alone(state: ModelState) -> ModelState:
    """A model as those see it that point to it: its table, and the fields that may be pointed to."""
    fields = {name: field for name, field in state.fields.items() if getattr(field, "unique", False)}
    options = {name: state.options[name] for name in SEEN_OPTIONS if name in state.options}
    return ModelState(state.app_label, state.name, fields, options, state.bases)


class ModelsOnDemand(StateApps):
    """The models of a state, each made when it is asked for, with the keys of those it points to."""

    def __init__(self, states: dict[Key, ModelState]) -> None:
        super().__init__([], {})
        self.states = states
        self.whole: set[Key] = set()
        for label in {label for label, _ in states}:
            self.app_configs[label] = stub = AppConfigStub(label)
            stub.apps = self
            stub.import_models()

    def get_model(self, app_label: str, model_name: str | None = None, require_ready: bool = True) -> Any:
        """The model, made now if it was not yet. Raises `LookupError` when the state has none of that name."""
        if model_name is None:
            app_label, model_name = app_label.split(".")
        if (key := (app_label, model_name.lower())) in self.states and key not in self.whole:
            self.render_multiple(self._with_targets(key))
        return super().get_model(app_label, model_name, require_ready)

    def _with_targets(self, wanted: Key) -> list[ModelState]:
        """What to make for one model: itself, and what it points to unless that is made already."""
        found = {wanted: self.states[wanted]}
        self.whole.add(wanted)
        queue = [wanted]
        for key in queue:
            for target, is_whole in _points_to(key, found[key]):
                if target in found or target not in self.states or target[1] in self.all_models[target[0]]:
                    continue
                state = self.states[target]
                found[target] = state if is_whole else _keys_alone(state)
                queue.append(target)
        return list(found.values())


def asks_for_one_model(operation: Operation, app_label: str, before: ProjectState) -> bool:
    """Whether an operation needs no more than the model it names and those which that points to.

    Another type of a field that others may point to changes their columns too.
    """
    if isinstance(operation, m.AlterField):
        old = before.models[app_label, operation.model_name_lower].fields[operation.name]
        return not (old.unique or operation.field.unique)
    return isinstance(operation, OF_ONE_MODEL)


class _Lean(Operation):
    """An operation whose state is known before and after it, but whose models are made only as it asks for them."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation

    @property
    def atomic(self) -> bool:  # type: ignore[override]
        """As the operation."""
        return self.operation.atomic

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Changes a state that has no models made, which costs nothing."""
        self.operation.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Does it, and forgets the models it asked for."""
        if asks_for_one_model(self.operation, app_label, from_state):
            for state in (from_state, to_state):
                state.apps = ModelsOnDemand(state.models)
        self.operation.database_forwards(app_label, schema_editor, from_state, to_state)
        to_state.__dict__.pop("apps", None)


class LeanExecutor(MigrationExecutor):
    """Django's executor, which makes few models on the way forward."""

    def _migrate_all_forwards(
        self, state: ProjectState, plan: Any, full_plan: Any, fake: bool, fake_initial: bool
    ) -> ProjectState:
        """As Django, without all models made before each migration."""
        wanted = {migration for migration, _ in plan}
        for migration, _ in full_plan:
            if migration in wanted:
                state = self.apply_migration(state, migration, fake=fake, fake_initial=fake_initial)
        return state

    def apply_migration(
        self, state: ProjectState, migration: m.Migration, fake: bool = False, fake_initial: bool = False
    ) -> ProjectState:
        """Runs a migration forwards, with the models of its operations made as they ask for them."""
        lean = copy.copy(migration)
        if not (fake or fake_initial):
            state.__dict__.pop("apps", None)
            lean.__dict__["operations"] = [_Lean(operation) for operation in migration.operations]
        return super().apply_migration(state, lean, fake, fake_initial)
