"""Migrations make the same with few models made as with all of them."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.commands import migrate
from django.db import connections, models
from django.db import migrations as m
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState

from config.executor import LeanExecutor, ModelsOnDemand, asks_for_one_model
from tests import database

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
# What Django's own executor made last: of which migrations and packages, and its digest. Written by the test.
RECORD = Path(__file__).with_name("djangos_own.sha256")
# Early, because Django's own executor takes its time.
MIDDLE = ("monitoring", "0005_success_criteria")


def djangos_own(*arguments: str) -> None:
    """Migrates as Django does without us."""
    call_command(migrate.Command(), *arguments, database="owner", interactive=False, verbosity=0)


def ours(*arguments: str) -> None:
    """Migrates as every installation does."""
    call_command("migrate", *arguments, database="owner", interactive=False, verbosity=0)


def applied() -> set[tuple[str, str]]:
    """The migrations that the database in use knows of."""
    return set(MigrationRecorder(connections["owner"]).applied_migrations())


def existing() -> set[tuple[str, str]]:
    """All migrations that there are."""
    return set(MigrationLoader(None).graph.nodes)


@pytest.fixture
def ours_from_nothing(db: None) -> str:
    """The schema of the tests' own template."""
    return database.template_file("sql").read_text()


def digest(text: str) -> str:
    """A schema in short."""
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_schema_from_nothing_is_that_of_djangos_own_executor(ours_from_nothing: str) -> None:
    assert "CREATE POLICY team ON public.execution" in ours_from_nothing
    # Django's own takes half a minute of CPU: what it made is known until a migration or a package changes.
    name = database.kept_file("schema.sql").stem
    if RECORD.read_text().split() == [name, digest(ours_from_nothing)]:
        return
    with database.one_at_a_time(), database.another():
        djangos_own()
        djangos = database.schema()
    assert ours_from_nothing == djangos
    RECORD.write_text(f"{name} {digest(djangos)}\n")


def test_what_djangos_own_executor_began_goes_on(ours_from_nothing: str) -> None:
    with database.another():
        djangos_own(*MIDDLE)
        begun = applied()
        ours()
        assert database.schema() == ours_from_nothing
        assert begun < applied() == existing()


THING = m.CreateModel("Thing", [("id", models.IntegerField(primary_key=True))], {"db_table": "thing"})
PART = m.CreateModel(
    "Part",
    [
        ("id", models.IntegerField(primary_key=True)),
        ("size", models.IntegerField(default=0)),
        ("thing", models.ForeignKey("shop.Thing", models.CASCADE)),
    ],
    {"db_table": "part"},
)


@pytest.fixture
def apply() -> Iterator[Callable[..., ProjectState]]:
    """Applies operations after those that make things with parts, in a database of its own."""
    with database.another():
        executor = LeanExecutor(connections["owner"])
        executor.recorder.ensure_schema()

        def run(*operations: Any) -> ProjectState:
            migration = m.Migration("0001_initial", "shop")
            migration.operations = [THING, PART, *operations]
            return executor.apply_migration(ProjectState(), migration)

        yield run


def _type(column: str) -> str:
    table, name = column.split(".")
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s",
            [table, name],
        )
        return str(cursor.fetchone()[0])


def test_another_type_of_a_key_reaches_those_that_point_to_it(apply: Callable[..., ProjectState]) -> None:
    apply(m.AlterField("thing", "id", models.BigIntegerField(primary_key=True)))
    assert (_type("thing.id"), _type("part.thing_id")) == ("bigint", "bigint")


def test_a_program_among_the_operations_sees_what_points_to_a_model(apply: Callable[..., ProjectState]) -> None:
    seen: list[str] = []

    def look(apps: Any, _editor: Any) -> None:
        seen.extend(one.name for one in apps.get_model("shop", "Thing")._meta.related_objects)

    apply(m.RunPython(look), m.AddField("part", "name", models.CharField(max_length=9, null=True)), m.RunPython(look))
    assert seen == ["part", "part"]
    assert _type("part.name") == "character varying(9)"


def test_the_state_afterwards_has_all_models(apply: Callable[..., ProjectState]) -> None:
    state = apply(m.AddIndex("part", models.Index(fields=["size"], name="part_size")))
    assert {model.__name__ for model in state.apps.get_models()} == {"Thing", "Part"}


def test_a_model_is_made_with_the_keys_of_those_it_points_to_and_no_other() -> None:
    state = ProjectState()
    note = [("id", models.IntegerField(primary_key=True)), ("part", models.ForeignKey("shop.Part", models.CASCADE))]
    for operation in (THING, PART, m.CreateModel("Note", note)):
        operation.state_forwards("shop", state)
    apps = ModelsOnDemand(state.models)
    part = apps.get_model("shop", "Note")._meta.get_field("part").related_model
    assert (part._meta.db_table, [field.name for field in part._meta.fields]) == ("part", ["id"])
    assert {model.__name__ for model in apps.get_models()} == {"Note", "Part"}
    assert [field.name for field in apps.get_model("shop.Part")._meta.fields] == ["id", "size", "thing"]
    with pytest.raises(LookupError):
        apps.get_model("shop", "Nothing")


@pytest.mark.parametrize(
    ("operation", "is_lean"),
    [
        (m.AlterField("part", "size", models.BigIntegerField()), True),
        (m.AlterField("part", "size", models.BigIntegerField(unique=True)), False),
        (m.AlterField("part", "id", models.BigIntegerField(primary_key=True)), False),
        (m.RenameField("part", "size", "volume"), False),
        (m.DeleteModel("Part"), False),
    ],
)
def test_what_may_reach_other_models_gets_them_all(operation: Any, is_lean: bool) -> None:
    state = ProjectState()
    THING.state_forwards("shop", state)
    PART.state_forwards("shop", state)
    assert asks_for_one_model(operation, "shop", state) is is_lean
