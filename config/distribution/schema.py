"""Which kind each table is in a cluster, and what of the schema could not be there; from PostgreSQL's catalogue.

The rules are those of Citus: keys hold the column by which rows are spread, foreign keys between spread tables hold it
on both sides, and nothing on one machine is pointed to from many.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

COLUMN = "team_id"


class Cursor(Protocol):
    """What is needed of a cursor, Django's or psycopg's."""

    def execute(self, query: Any, params: Any = None, /) -> Any: ...

    def fetchall(self) -> list[tuple[Any, ...]]: ...


class Kind(StrEnum):
    """Where the rows of a table are."""

    DISTRIBUTED = "distributed"
    REFERENCE = "reference"
    LOCAL = "local"


# Tables without a team that rows of teams point to or are read with: a copy on every machine, each with its reason.
REFERENCE = {
    "accounts_team": "every row of a team points to it",
    "accounts_user": "members are named beside rows of teams",
    "accounts_apikey": "keys are named beside what they sent",
    "accounts_membership": "who is in a team is asked beside what is its",
    "book_model": "the price book, read where usage is rated",
    "book_price": "the price book, read where usage is rated",
}


@dataclass(frozen=True, slots=True, order=True)
class Refusal:
    """What could not be in a cluster: the table, and why."""

    table: str
    reason: str


_TABLES = """
SELECT c.relname, c.relrowsecurity, EXISTS (
    SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'team_id' AND NOT a.attisdropped)
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY c.relname
"""
_COLUMN = """
SELECT c.relname, format_type(a.atttypid, NULL), a.attnotnull FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'team_id'
WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%s)
"""
_KEYS = """
SELECT t.relname, i.relname FROM pg_index x
JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
WHERE t.relnamespace = 'public'::regnamespace AND t.relname = ANY(%s) AND (x.indisunique OR x.indisexclusion)
    AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'team_id'
        AND a.attnum = ANY((x.indkey::smallint[])[0:x.indnkeyatts - 1]))
"""
# Whether the team has the same place among the columns on both sides; whether deleting or changing what is pointed to
# writes the row. Citus refuses to clear even other columns than the team.
_FOREIGN = """
SELECT t.relname, c.conname, f.relname,
    array_position(c.conkey, (SELECT attnum FROM pg_attribute WHERE attrelid = t.oid AND attname = 'team_id'))
        = array_position(c.confkey, (SELECT attnum FROM pg_attribute WHERE attrelid = f.oid AND attname = 'team_id')),
    c.confdeltype IN ('n', 'd'),
    c.confupdtype IN ('c', 'n', 'd')
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class f ON f.oid = c.confrelid
WHERE c.contype = 'f' AND t.relnamespace = 'public'::regnamespace AND c.conparentid = 0
"""
_TRIGGERS = """
SELECT t.relname, g.tgname FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid
WHERE NOT g.tgisinternal AND t.relnamespace = 'public'::regnamespace AND t.relname = ANY(%s)
"""
# Numbers that one sequence gives out would be asked for on many machines.
_SEQUENCES = """
SELECT t.relname, a.attname FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0
LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
WHERE t.relnamespace = 'public'::regnamespace AND t.relname = ANY(%s) AND NOT a.attisdropped
    AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) ~ 'nextval\\(')
"""
_OTHER = """
SELECT t.relname, CASE WHEN t.relpersistence <> 'p' THEN 'is not kept in the log' WHEN t.relhasrules THEN 'has rules'
    ELSE 'inherits from another table' END
FROM pg_class t WHERE t.relnamespace = 'public'::regnamespace AND t.relname = ANY(%s) AND (t.relpersistence <> 'p'
    OR t.relhasrules OR (NOT t.relispartition AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = t.oid)))
"""


def tables(cursor: Cursor) -> dict[str, Kind]:
    """The kind of each table of the schema, partitions left out.

    Rows that row-level security keeps apart by team are spread by team. Control tables, which have a team and are read
    before one is known, and those without a team stay on the coordinator, but for the `REFERENCE` ones.
    """
    cursor.execute(_TABLES)
    found = {}
    for name, is_guarded, has_team in cursor.fetchall():
        local = Kind.REFERENCE if name in REFERENCE else Kind.LOCAL
        found[name] = Kind.DISTRIBUTED if is_guarded and has_team else local
    return found


def refusals(cursor: Cursor) -> list[Refusal]:
    """All that could not be in a cluster, by table; nothing where the whole schema could."""
    kinds = tables(cursor)
    spread = [name for name, kind in kinds.items() if kind is Kind.DISTRIBUTED]
    many = [name for name, kind in kinds.items() if kind is not Kind.LOCAL]
    return sorted({*_of_columns(cursor, spread), *_of_foreign_keys(cursor, kinds), *_of_parts(cursor, many)})


def _ask(cursor: Cursor, query: str, names: list[str]) -> list[tuple[Any, ...]]:
    cursor.execute(query, [names])
    return cursor.fetchall()


def _of_columns(cursor: Cursor, spread: list[str]) -> Iterator[Refusal]:
    for table, type, is_told in _ask(cursor, _COLUMN, spread):
        if type != "uuid":
            yield Refusal(table, f"its team_id is {type}, not uuid as in all other tables")
        if not is_told:
            yield Refusal(table, "its team_id may be NULL")
    for table, index in _ask(cursor, _KEYS, spread):
        yield Refusal(table, f"the unique key or exclusion {index} has no team_id")


def _of_foreign_keys(cursor: Cursor, kinds: dict[str, Kind]) -> Iterator[Refusal]:
    cursor.execute(_FOREIGN)
    for table, name, remote, has_team, clears, follows in cursor.fetchall():
        here, there = kinds.get(table), kinds.get(remote)
        key = f"the foreign key {name} to {remote}"
        if here is Kind.DISTRIBUTED and there is Kind.DISTRIBUTED:
            if not has_team:
                yield Refusal(table, f"{key} has no team_id on both sides, in the same place")
            if follows:
                yield Refusal(table, f"{key} changes the row when what it points to changes")
        elif here is Kind.DISTRIBUTED and there is Kind.LOCAL:
            yield Refusal(table, f"{key} points to one machine from many")
        elif there is Kind.DISTRIBUTED:
            yield Refusal(table, f"{key} points from a {here} table to one that is spread")
        elif here is Kind.REFERENCE and there is Kind.LOCAL:
            yield Refusal(table, f"{key} points to one machine from many")
        if here is Kind.DISTRIBUTED and clears:
            yield Refusal(table, f"{key} clears a column when what it points to goes")


def _of_parts(cursor: Cursor, many: list[str]) -> Iterator[Refusal]:
    for table, trigger in _ask(cursor, _TRIGGERS, many):
        yield Refusal(table, f"the trigger {trigger} would not fire")
    for table, column in _ask(cursor, _SEQUENCES, many):
        yield Refusal(table, f"its column {column} takes numbers from a sequence")
    for table, reason in _ask(cursor, _OTHER, many):
        yield Refusal(table, reason)
