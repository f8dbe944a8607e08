"""The schema and the statements could be spread over machines by team (docs/scaling.md)."""

from collections import Counter
from typing import Any

import pytest
from django.db import connections, transaction

from config.distribution.schema import REFERENCE, Kind, Refusal, refusals, tables
from tests.architecture.statements import of_text, statements

# What brings the team where the text of a statement does not name it: placeholders by file, each begins its condition
# with `team_id =`.
CONDITIONS = {
    "alerts/reads/rehearsal.py": {"_where"},
    "billing/reads/cost.py": {"condition"},
    "billing/store/line_sql.py": {"of_run"},
    "billing/store/resource_sql.py": {"of_run"},
    "monitoring/reads/calls.py": {"where"},
    "monitoring/reads/cuts.py": {"condition", "columns"},
    "monitoring/reads/executions.py": {"where"},
    "monitoring/reads/failures.py": {"where"},
    "monitoring/reads/live_cursor.py": {"where"},
    "monitoring/reads/rollup_rows.py": {"_where"},
    "monitoring/reads/samples.py": {"where"},
    "monitoring/reads/searching.py": {"where"},
    "monitoring/store/holds.py": {"whose"},
}
# Functions of the owner that ask all machines, because they are about days and not about a team.
FAN_OUTS = {
    "steadyrun_make_partitions": "makes the tables of a day on every machine",
    "steadyrun_drop_partitions": "drops the tables of old days on every machine",
    "steadyrun_clear_days": "drops or empties the tables of days on every machine",
    "steadyrun_teams_of_days": "retention asks whose rows a day has, before it drops it for all",
    "steadyrun_rows_of_day": "retention counts the rows of a day by team",
    "steadyrun_compact_day": "reads one file of one machine: not called in a cluster",
    "steadyrun_rewrite_day": "reads one file of one machine: not called in a cluster",
}

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


def rows(sql: str) -> list[tuple[Any, ...]]:
    """The owner's view of the catalogue."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def spread() -> list[str]:
    """Tables that are spread by team."""
    with connections["owner"].cursor() as cursor:
        return [name for name, kind in tables(cursor).items() if kind is Kind.DISTRIBUTED]


def test_nothing_in_the_schema_would_be_refused() -> None:
    with connections["owner"].cursor() as cursor:
        assert refusals(cursor) == []


def test_each_table_has_its_kind() -> None:
    with connections["owner"].cursor() as cursor:
        kinds = tables(cursor)
    assert {"execution", "step", "payload", "rollup", "cost_line", "incident"} <= {
        name for name, kind in kinds.items() if kind is Kind.DISTRIBUTED
    }
    assert {name for name, kind in kinds.items() if kind is Kind.REFERENCE} == set(REFERENCE)
    assert {kinds[name] for name in ("dirty_bucket", "rule_due", "django_session")} == {Kind.LOCAL}
    assert Counter(kinds.values())[Kind.DISTRIBUTED] > 70


_BAD = "CREATE TABLE bad (team_id uuid NOT NULL, id uuid NOT NULL, other uuid, {}PRIMARY KEY (team_id, id));"
_GUARDED = "ALTER TABLE bad ENABLE ROW LEVEL SECURITY;"
_PLAIN = _BAD.format("") + _GUARDED
_KEY = "ALTER TABLE {} ADD CONSTRAINT bad_key FOREIGN KEY ({}) REFERENCES {};"
_FUNCTION = "CREATE FUNCTION bad_called() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
_TRIGGER = "CREATE TRIGGER bad_trigger BEFORE INSERT ON bad FOR EACH ROW EXECUTE FUNCTION bad_called();"
_RULE = "CREATE RULE bad_rule AS ON DELETE TO bad DO INSTEAD NOTHING;"


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ("CREATE TABLE bad (team_id uuid);" + _GUARDED, "its team_id may be NULL"),
        (
            "CREATE TABLE bad (team_id text NOT NULL);" + _GUARDED,
            "its team_id is text, not uuid as in all other tables",
        ),
        (_BAD.format("UNIQUE (other), ") + _GUARDED, "the unique key or exclusion bad_other_key has no team_id"),
        (
            _PLAIN + "CREATE UNIQUE INDEX bad_covering ON bad (other) INCLUDE (team_id);",
            "the unique key or exclusion bad_covering has no team_id",
        ),
        (
            _BAD.format("EXCLUDE USING btree (other WITH =), ") + _GUARDED,
            "the unique key or exclusion bad_other_excl has no team_id",
        ),
        (
            _PLAIN + "CREATE UNIQUE INDEX ON workflow (id);" + _KEY.format("bad", "other", "workflow (id)"),
            "the foreign key bad_key to workflow has no team_id on both sides, in the same place",
        ),
        (
            _PLAIN
            + "CREATE UNIQUE INDEX ON workflow (id, team_id);"
            + _KEY.format("bad", "team_id, id", "workflow (id, team_id)"),
            "the foreign key bad_key to workflow has no team_id on both sides, in the same place",
        ),
        (
            _PLAIN + _KEY.format("bad", "team_id, other", "workflow (team_id, id) ON DELETE SET NULL (other)"),
            "the foreign key bad_key to workflow clears a column when what it points to goes",
        ),
        (
            _PLAIN + _KEY.format("bad", "team_id, other", "workflow (team_id, id) ON UPDATE CASCADE"),
            "the foreign key bad_key to workflow changes the row when what it points to changes",
        ),
        (
            _PLAIN + "CREATE TABLE bad_local (id uuid PRIMARY KEY);" + _KEY.format("bad", "other", "bad_local (id)"),
            "the foreign key bad_key to bad_local points to one machine from many",
        ),
        (
            _BAD.format("") + _KEY.format("bad", "team_id, other", "workflow (team_id, id)"),
            "the foreign key bad_key to workflow points from a local table to one that is spread",
        ),
        (_PLAIN + _FUNCTION + _TRIGGER, "the trigger bad_trigger would not fire"),
        (
            _BAD.format("no bigint GENERATED ALWAYS AS IDENTITY, ") + _GUARDED,
            "its column no takes numbers from a sequence",
        ),
        (_BAD.format("no bigserial, ") + _GUARDED, "its column no takes numbers from a sequence"),
        (_PLAIN + _RULE, "has rules"),
        (_PLAIN.replace("CREATE", "CREATE UNLOGGED", 1), "is not kept in the log"),
    ],
)
def test_a_bad_table_is_named_with_the_reason(made: str, reason: str) -> None:
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(made)
        assert [one for one in refusals(cursor) if one.table == "bad"] == [Refusal("bad", reason)]
        transaction.set_rollback(True, using="owner")


def test_a_shared_table_may_not_point_to_rows_of_teams() -> None:
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("CREATE UNIQUE INDEX ON workflow (id)")
        cursor.execute(_KEY.format("accounts_user", "id", "workflow (id) NOT VALID"))
        reason = "the foreign key bad_key to workflow points from a reference table to one that is spread"
        assert Refusal("accounts_user", reason) in refusals(cursor)
        transaction.set_rollback(True, using="owner")


def test_every_statement_about_rows_of_teams_names_the_team() -> None:
    found = list(statements(spread()))
    assert len(found) > 300
    without = [one for one in found if "team_id" not in one.text]
    used = {(one.path, name) for one in without for name in CONDITIONS.get(one.path, set()) & one.placeholders()}
    unknown = [one for one in without if not CONDITIONS.get(one.path, set()) & one.placeholders()]
    assert unknown == []
    assert used == {(path, name) for path, names in CONDITIONS.items() for name in names}


def test_a_statement_without_the_team_is_found() -> None:
    source = """
_ALL = "status = 7"
GOOD = f"SELECT id FROM execution WHERE team_id = %s AND {_ALL}"
BAD = f"SELECT id FROM execution WHERE {_ALL}"
OTHER = "SELECT id FROM elsewhere"
"""
    found = list(of_text(source, "made_up.py", ["execution"]))
    assert [("team_id" in one.text, one.text) for one in found] == [
        (True, "SELECT id FROM execution WHERE team_id = %s AND status = 7"),
        (False, "SELECT id FROM execution WHERE status = 7"),
    ]


def test_functions_of_the_owner_are_about_one_team_or_listed() -> None:
    found = rows(
        "SELECT proname, 'of_team' = ANY(proargnames) FROM pg_proc "
        "WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    )
    assert {name for name, is_of_team in found if not is_of_team} == set(FAN_OUTS)
