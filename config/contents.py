"""What a database holds, told so that a restored copy can be compared: counts, finance totals, rules of access.

Everything is read by one connection that bypasses row-level security, in the snapshot that the backup is made of.
"""

from typing import Any

import psycopg
from psycopg import sql

# Of the schema `public`; partitions are told with their parent, whose rows they hold.
_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname
"""
# Written as text: a total is the same to the last digit or it is not the same.
_FINANCE = """
SELECT team_id::text, to_char(date_trunc('month', booked_on), 'YYYY-MM'), count(*),
       sum(cost_usd)::text, sum(told_usd)::text, sum(priced_usd)::text, sum(list_usd)::text,
       sum(input_tokens)::text, sum(output_tokens)::text
FROM cost_line GROUP BY 1, 2 ORDER BY 1, 2
"""
_MONTHS = """
SELECT team_id::text, to_char(month, 'YYYY-MM'), state, totals::text, digest FROM cost_month ORDER BY 1, 2
"""
_SECURITY = """
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relowner = d.datdba,
       ARRAY(SELECT a.privilege_type FROM aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
             WHERE r.rolname = 'steadyrun_app' ORDER BY 1),
       ARRAY(SELECT concat_ws(' ', p.polname, pg_get_expr(p.polqual, p.polrelid),
                              pg_get_expr(p.polwithcheck, p.polrelid))
             FROM pg_policy p WHERE p.polrelid = c.oid ORDER BY 1)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_database d ON d.datname = current_database()
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY c.relname
"""
_FUNCTIONS = """
SELECT p.oid::regprocedure::text, p.prosecdef, has_function_privilege('steadyrun_app', p.oid, 'EXECUTE')
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = 'public' AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
ORDER BY 1
"""
_MIGRATIONS = "SELECT app || '.' || name FROM django_migrations ORDER BY 1"
# What is compared, and how a difference is called.
PARTS = {
    "migrations": "migrations",
    "counts": "rows of tables",
    "finance": "costs by team and month",
    "months": "closed months",
    "security": "row-level security and rights on tables",
    "functions": "functions and rights on them",
}


def _rows(connection: psycopg.Connection[Any], query: str) -> list[list[Any]]:
    return [list(row) for row in connection.execute(query)]


def counts(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """The number of rows of each table."""
    found = {}
    for (table,) in connection.execute(_TABLES).fetchall():
        row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("public", table))).fetchone()
        found[table] = row[0] if row else 0
    return found


def contents(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """All that is compared, as values that JSON keeps unchanged."""
    return {
        "migrations": [row[0] for row in _rows(connection, _MIGRATIONS)],
        "counts": counts(connection),
        "finance": _rows(connection, _FINANCE),
        "months": _rows(connection, _MONTHS),
        "security": _rows(connection, _SECURITY),
        "functions": _rows(connection, _FUNCTIONS),
    }


def differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """A line for each part that is not the same, with the first thing in it that differs."""
    said = []
    for part, words in PARTS.items():
        if expected[part] == found[part]:
            continue
        before, after = _items(expected[part]), _items(found[part])
        one = next(iter(sorted(before - after) or sorted(after - before)), "their order")
        said.append(f"{words}: {len(before - after)} are missing, {len(after - before)} are new, as {one}")
    return said


def _items(part: Any) -> set[str]:
    if isinstance(part, dict):
        return {f"{name}: {value}" for name, value in part.items()}
    return {str(one) for one in part}
