"""The schema keeps teams apart: read from the database's own catalogue, not from the models' promises."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connections

# Read before a team is known, so without row-level security. Adding a table here needs a reason in the ADR on tenancy.
CONTROL_TABLES = {
    "accounts_membership",
    "accounts_apikey",
    "impersonation",
    "invitation",
    "former_slug",
    "identity_domain",
    "team_identity_provider",
    "baseline_due",
    "cost_due",
    "cost_mail",
    "cost_mail_plan",
    "export_due",
    "price_revision",
    "first_rating",
    "dirty_bucket",
    "finding_due",
    "source_address",
    "source_receipt",
    "sample_job",
    "outbox_entry",
    "outbox_schedule",
    "criteria_check",
    "due_diagnosis",
    "triage_watch",
    "improvement_due",
    "tracker_due",
    "review_mail",
    "key_mail",
    "default_rules",
    "rule_due",
    "incident_due",
    "silence_due",
    "alert_delivery_due",
    "channel_due",
    "team_limits",
    "team_export",
    "audit_stream_due",
    "personal_data_due",
}
APP_ROLE = "steadyrun_app"

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


def tenant_tables() -> list[str]:
    """Tables of models that have a team, control tables left out."""
    own = (
        m
        for m in apps.get_models()
        if m._meta.app_label in {"accounts", "monitoring", "ingestion", "alerts", "billing"}
    )
    with_team = {m._meta.db_table for m in own if any(f.attname == "team_id" for f in m._meta.concrete_fields)}
    return sorted(with_team - CONTROL_TABLES)


def rows(sql: str, *parameters: object) -> list[tuple]:
    """The owner's view of the catalogue."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def test_the_record_of_the_decision_gives_a_reason_for_each_control_table() -> None:
    text = (Path(__file__).parents[2] / "docs/adr/0002-tenancy.md").read_text()
    _, _, listed = text.partition("## Control tables")
    rows = re.findall(r"^\| (`[^|]+) \|([^|]+)\|([^|]+)\|$", listed, re.MULTILINE)
    told = {
        name for names, holds, why in rows if holds.strip() and why.strip() for name in re.findall("`(.+?)`", names)
    }
    assert told == CONTROL_TABLES


def test_there_are_tenant_tables() -> None:
    assert {"execution", "step", "payload", "rollup", "workflow"} <= set(tenant_tables())


@pytest.mark.parametrize("table", tenant_tables())
def test_row_level_security_is_forced(table: str) -> None:
    assert rows("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", table) == [
        (True, True)
    ]
    (policy,) = rows("SELECT qual, with_check FROM pg_policies WHERE tablename = %s", table)
    assert all("app.team_id" in part and "team_id =" in part for part in policy)


@pytest.mark.parametrize("table", tenant_tables())
def test_every_unique_key_starts_with_the_team(table: str) -> None:
    keys = rows(
        "SELECT i.relname, a.attname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid "
        "JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0] "
        "WHERE x.indrelid = %s::regclass AND x.indisunique",
        table,
    )
    assert keys
    assert {first for _, first in keys} == {"team_id"}


@pytest.mark.parametrize("table", tenant_tables())
def test_foreign_keys_between_tenant_tables_carry_the_team(table: str) -> None:
    found = rows(
        "SELECT c.conname, f.relname, array_agg(a.attname ORDER BY k.ord) FROM pg_constraint c "
        "JOIN pg_class f ON f.oid = c.confrelid CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY k(num, ord) "
        "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num "
        "WHERE c.contype = 'f' AND c.conrelid = %s::regclass GROUP BY 1, 2",
        table,
    )
    for name, remote, columns in found:
        if remote in tenant_tables():
            assert columns[0] == "team_id", name


def test_the_application_owns_nothing_and_cannot_bypass() -> None:
    assert rows("SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = %s", APP_ROLE) == [
        (False, False, False)
    ]
    assert (
        rows(
            "SELECT relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner "
            "WHERE r.rolname = %s AND relpersistence = 'p'",
            APP_ROLE,
        )
        == []
    )


def test_the_application_has_no_rights_on_partitions() -> None:
    assert (
        rows(
            "SELECT c.relname FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid "
            "WHERE c.relkind = 'r' AND has_table_privilege(%s, c.oid, 'SELECT')",
            APP_ROLE,
        )
        == []
    )


def test_models_name_the_columns_that_the_database_has() -> None:
    for model in apps.get_app_config("monitoring").get_models():
        table = model._meta.db_table
        told = {field.column for field in model._meta.concrete_fields}
        real = {
            name for (name,) in rows("SELECT column_name FROM information_schema.columns WHERE table_name = %s", table)
        }
        assert told == real, table
