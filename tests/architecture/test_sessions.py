"""Nothing is left in a session of the database: a pooler lends it to somebody else after each transaction."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APPS = ("config", "accounts", "monitoring", "ingestion", "alerts", "billing")
# What lasts for a session, and what to use in its place.
OF_SESSIONS = {
    r"\bpg_(?:try_)?advisory_(?:lock|unlock)\w*": "pg_advisory_xact_lock",
    r"\bset_config\([^()]*(?:\([^()]*\)[^()]*)*,\s*false\s*\)": "set_config(..., true)",
    # Settings by the ends of their names: `SET` stands in updates, too.
    r"\bSET (?:SESSION |ROLE |(?:\w+_(?:timeout|mem|level)|jit|timezone|app\.\w+) ?(?:=|TO)\s)": "SET LOCAL",
    r"\"\s*(?:LISTEN|UNLISTEN) \w": "a look at the index on time",
    r"\"\s*(?:PREPARE|DEALLOCATE|DISCARD) \w": "psycopg's own preparing, which the setting switches off",
    r"\bDECLARE \S+ (?:\w+ )*CURSOR\b": "iterator(), within a transaction",
    r"\bcursor\(name=|\bServerCursor\b": "iterator(), within a transaction",
    r"\bCREATE TEMP(?:ORARY)? TABLE (?!IF NOT EXISTS)": "CREATE TEMPORARY TABLE IF NOT EXISTS ... and make_stages",
    r"\bprepare_threshold\b": "config/connecting.py",
    r"\bautocommit=True\b": "team_context",
}
# Where a session is ours: over connections of the owner or an administrator, or without a pooler.
ALLOWED = {
    "billing/reads/cost_lines.py": "a long read without an open transaction; behind a pooler it uses one of its own",
    "config/connecting.py": "the one place that says what may be kept in a session",
    "config/migrating.py": "migrations: refused through a pooler",
    "config/postgres.py": "the starter of the embedded server",
    "config/restoring.py": "a restore, as the owner",
}


def files() -> list[Path]:
    """All code and SQL that processes run; migrations run as the owner."""
    found = [path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]
    return sorted(found + [path for app in APPS for path in (ROOT / app).rglob("*.sql")])


def faults(text: str) -> list[str]:
    """What a text uses of a session."""
    return [f"{hit[0]!r}: use {better}" for rule, better in OF_SESSIONS.items() if (hit := re.search(rule, text))]


def test_no_code_leaves_anything_in_a_session() -> None:
    found = {str(path.relative_to(ROOT)): told for path in files() if (told := faults(path.read_text()))}
    assert {name: told for name, told in found.items() if name not in ALLOWED} == {}
    assert set(found) == set(ALLOWED), "one of them needs no exception any more"


@pytest.mark.parametrize(
    "text",
    [
        'cursor.execute("SELECT pg_advisory_lock(1)")',
        'cursor.execute("SELECT pg_try_advisory_lock(%s)", [1])',
        "cursor.execute(\"SELECT set_config('app.team_id', %s, false)\")",
        "cursor.execute(\"SELECT set_config('a', lower('x'), false)\")",
        'cursor.execute("SET ROLE somebody")',
        'cursor.execute("SET statement_timeout = 5")',
        'cursor.execute("SET SESSION CHARACTERISTICS")',
        'cursor.execute("LISTEN runs")',
        'cursor.execute("DISCARD ALL")',
        'cursor.execute("DECLARE c CURSOR WITH HOLD FOR SELECT 1")',
        'connection.cursor(name="rows")',
        'cursor.execute("CREATE TEMP TABLE t (a int)")',
    ],
)
def test_what_a_session_keeps_is_found(text: str) -> None:
    assert faults(text)


@pytest.mark.parametrize(
    "text",
    [
        'cursor.execute("SELECT pg_advisory_xact_lock(1)")',
        "cursor.execute(\"SELECT set_config('app.team_id', %s, true)\")",
        'cursor.execute("SET LOCAL statement_timeout = 5")',
        'cursor.execute("UPDATE t SET a = 1")',
    ],
)
def test_what_a_transaction_keeps_is_not(text: str) -> None:
    assert faults(text) == []


def test_temporary_tables_are_made_by_the_one_function_that_knows_of_poolers() -> None:
    stages = [path for path in files() if "CREATE TEMPORARY TABLE" in path.read_text()]
    assert {str(path.relative_to(ROOT)) for path in stages} == {
        "accounts/statements.py",
        "billing/store/line_sql.py",
        "monitoring/store/rollup_sql.py",
    }
    users = [path for path in files() if re.search(r"\bMAKE_STAGES?\b", path.read_text()) and path not in stages]
    assert users
    assert [path.name for path in users if not re.search(r"make_stages\(\w+\.MAKE_STAGES?\)", path.read_text())] == []
