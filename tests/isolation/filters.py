"""Takes the conditions on the team out of statements, so that row-level security is all that keeps teams apart."""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import psycopg

_CONDITION = re.compile(r'((?:"?(\w+)"?\.)?"?team_id"?\s*=\s*(?:%s|%\(\w+\)s|(?:"?\w+"?\.)"?team_id"?)(?:::uuid)?)')
_TABLE = re.compile(r'(?:\bFROM|\bJOIN|,)\s+"?(\w+)"?(?:\s+(?:AS\s+)?"?(\w+)"?)?', re.IGNORECASE)
_READS = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)


def stripped(sql: str, shared: Collection[str]) -> str:
    """The statement with every comparison of a team true. What is compared in `shared` tables (no policy) stays."""
    if not _READS.match(sql):
        return sql
    told = {alias or name: name for name, alias in _TABLE.findall(sql)} | {
        name: name for name, _ in _TABLE.findall(sql)
    }
    own = {alias for alias, name in told.items() if name not in shared}
    has_shared = len(own) < len(told)

    def without(match: re.Match[str]) -> str:
        alias = match[2]
        is_tenants = alias in own or (not has_shared and (alias is None or alias not in told))
        return f"({match[1]} OR TRUE)" if is_tenants else match[1]

    return _CONDITION.sub(without, sql)


@contextmanager
def without_filters(shared: Collection[str]) -> Iterator[Counter[str]]:
    """Statements that read run without their conditions on the team; counts them and those that had some."""
    execute, counted = psycopg.Cursor.execute, Counter[str]()

    def run(self: Any, query: Any, *told: Any, **more: Any) -> Any:
        if isinstance(query, str):
            text = stripped(query, shared)
            counted["statements"] += 1
            counted["without"] += text != query
            query = text
        return execute(self, query, *told, **more)

    with mock.patch.object(psycopg.Cursor, "execute", run):
        yield counted
