"""No migration locks tables in use or breaks the release that still runs (docs/migrations.md)."""

from typing import Any

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState

from tests.architecture.migration_rules import violations

OWN = ("accounts", "monitoring", "billing", "ingestion", "alerts")
FEW = "a table of few rows, read in milliseconds"
EARLY = "before the first release: no installation runs a former one"
# Migrations that do what is refused, each with the reason why it may.
ALLOWED = {
    "accounts.0001_initial": "makes the application's role and changes no rows",
    "accounts.0003_classify_scope": f"{FEW}: keys of teams",
    "accounts.0004_release_scope": f"{FEW}: keys of teams",
    "accounts.0006_groups_and_alert_scope": f"{FEW}: keys of teams",
    "accounts.0007_cost_scope": f"{FEW}: keys of teams",
    "accounts.0008_audit_log": f"{FEW}: keys of teams",
    "accounts.0011_teams_and_invitations": f"{FEW}: keys of teams",
    "accounts.0012_sign_in": f"{FEW}: teams; {EARLY}",
    "monitoring.0002_completeness": f"{FEW}: workflows",
    "monitoring.0003_facet_ids": EARLY,
    "monitoring.0004_sampling_rates": f"{FEW}: workflows",
    "monitoring.0005_success_criteria": EARLY,
    "monitoring.0008_improve": f"{FEW}: releases; {EARLY}",
    "monitoring.0011_findings": EARLY,
    "monitoring.0014_workflow_owner": f"{FEW}: workflows",
    "alerts.0002_delivery_order": EARLY,
    "alerts.0003_incident_grouping": f"{FEW}: incidents; {EARLY}",
    "alerts.0007_incidents_of_rule": f"{FEW}: incidents",
    "alerts.0008_rules_about_budgets": f"{FEW}: rules",
    "billing.0002_price_hours": EARLY,
    "billing.0003_line_parts": EARLY,
    "billing.0005_cost_page": EARLY,
    "billing.0009_to_date": EARLY,
}


def found() -> dict[str, list[str]]:
    """What each migration of ours does that it must not."""
    loader, state = MigrationLoader(None), ProjectState()
    said = {}
    plan = [node for leaf in loader.graph.leaf_nodes() for node in loader.graph.forwards_plan(leaf)]
    for node in dict.fromkeys(plan):
        migration = loader.graph.nodes[node]
        if node[0] in OWN:
            said[".".join(node)] = violations(migration, state)
        else:
            migration.mutate_state(state, preserve=False)
    return {name: what for name, what in said.items() if what}


def test_no_migration_locks_or_breaks_what_is_in_use() -> None:
    refused = {name: what for name, what in found().items() if name not in ALLOWED}
    assert refused == {}, "see docs/migrations.md"


def test_the_list_of_exceptions_names_only_those_that_need_it() -> None:
    assert set(ALLOWED) <= set(found())


def _before() -> ProjectState:
    state = ProjectState()
    fields = [("id", models.BigIntegerField(primary_key=True)), ("size", models.IntegerField())]
    state.add_model(ModelState("shop", "Thing", fields, options={"db_table": "thing"}))
    return state


def _check(*operations: Any) -> list[str]:
    migration = migrations.Migration("0002_next", "shop")
    migration.operations = list(operations)
    return violations(migration, _before())


_INDEX = models.Index(fields=["size"], name="thing_size")


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (migrations.RemoveField("thing", "size"), "still uses it"),
        (migrations.RenameField("thing", "size", "volume"), "still uses it"),
        (migrations.DeleteModel("Thing"), "still uses it"),
        (migrations.AlterField("thing", "size", models.BigIntegerField()), "rewrites"),
        (migrations.AddField("thing", "a", models.IntegerField(default=0)), "writes rows without it"),
        (migrations.AddField("thing", "a", models.IntegerField(null=True, db_index=True)), "AddIndexConcurrently"),
        (migrations.AddIndex("thing", _INDEX), "AddIndexConcurrently"),
        (migrations.AddConstraint("thing", models.CheckConstraint(condition=models.Q(size=1), name="a")), "NotValid"),
        (migrations.RunSQL("CREATE UNIQUE INDEX a ON thing (size)"), "holds up all writers"),
        (migrations.RunSQL("ALTER TABLE thing ALTER COLUMN size TYPE bigint"), "rewrites"),
        (migrations.RunSQL("ALTER TABLE thing ADD COLUMN a int NOT NULL"), "no default"),
        (migrations.RunSQL("ALTER TABLE thing ADD CONSTRAINT a CHECK (size > 0)"), "under a lock"),
        (migrations.RunSQL("UPDATE thing SET size = 0"), "batches"),
        (migrations.RunPython(migrations.RunPython.noop), "batches"),
    ],
)
def test_what_locks_or_breaks_is_refused(operation: Any, reason: str) -> None:
    (said,) = _check(operation)
    assert reason in said


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("thing", "a", models.IntegerField(null=True)),
        migrations.AddField("thing", "a", models.IntegerField(db_default=0)),
        migrations.AlterField("thing", "size", models.IntegerField(choices=[(1, "One")], default=1)),
        AddIndexConcurrently("thing", _INDEX),
        migrations.RunSQL("ALTER TABLE thing ADD CONSTRAINT a CHECK (size > 0) NOT VALID"),
        migrations.RunSQL("CREATE INDEX CONCURRENTLY a ON thing (size)"),
        migrations.RunSQL("CREATE TABLE new (id int); CREATE INDEX a ON new (id)"),
        migrations.RunSQL("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ UPDATE thing SET size = 0 $$"),
    ],
)
def test_what_adds_is_allowed(operation: Any) -> None:
    assert _check(operation) == []


def test_a_table_of_the_same_migration_is_free() -> None:
    make = migrations.CreateModel("New", [("id", models.BigIntegerField(primary_key=True))], {"db_table": "new"})
    assert _check(make, migrations.AddIndex("new", models.Index(fields=["id"], name="new_id"))) == []
