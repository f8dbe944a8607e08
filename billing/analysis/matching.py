"""How names of models match, as the price book says it: JSON of one clause, the shapes of the package `genai-prices`.

`{"equals": t}`, `{"starts_with": t}`, `{"ends_with": t}`, `{"contains": t}` (all without regard to case),
`{"regex": p}` (against the name in lower case), `{"or": [...]}`, `{"and": [...]}`. A price is only ever
looked for with its provider.
"""

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

Clause = Mapping[str, Any]
# Expressions come with the book, names from outside: a longer one matches none.
LONGEST_NAME = 256
_COMPACT_DATE = re.compile(r"(-)(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def matches(clause: Clause, name: str) -> bool:
    """Whether the name matches. Raises `ValueError` for a clause of another shape."""
    if len(name) > LONGEST_NAME:
        return False
    (kind, told), *others = clause.items()
    if others:
        raise ValueError("a clause has one kind")
    return _matches(kind, told, name.lower())


def _matches(kind: str, told: Any, name: str) -> bool:
    match kind:
        case "equals":
            return bool(name == told.lower())
        case "starts_with":
            return name.startswith(told.lower())
        case "ends_with":
            return name.endswith(told.lower())
        case "contains":
            return told.lower() in name
        case "regex":
            return _compiled(told).search(name) is not None
        case "or":
            return any(matches(one, name) for one in told)
        case "and":
            return all(matches(one, name) for one in told)
    raise ValueError(f"a clause of the kind {kind!r} is not known")


def with_dashed_date(name: str) -> str:
    """The name with a date like `-20251211` at its end, or before `-` or `:`, written `-2025-12-11`."""
    return _COMPACT_DATE.sub(_dashed, name)


def _dashed(found: re.Match[str]) -> str:
    year, month, day = (int(found.group(number)) for number in (2, 3, 4))
    try:
        return f"-{date(year, month, day).isoformat()}"
    except ValueError:
        return found.group()
