"""How revisions of columns are kept in the database: few bytes, because every row that has any has several.

In Python they are `{column: revision}`. In the database columns are letters, grouped by revision: `{"7": "esw"}`. Rows
that were written before are `{column: revision}` there, too, and are read as well.
"""

from collections.abc import Mapping
from typing import Any, Final

# Never changed and never used again for another column.
LETTERS: Final = {
    **{"attempt": "a", "cost_usd": "b", "told_cost_usd": "c", "told_duration_ms": "d", "environment_id": "e"},
    **{"told_finished_at": "f", "ended_at": "g", "error": "h", "input_tokens": "i", "cache_read_tokens": "j"},
    **{"cache_write_tokens": "k", "output_tokens": "l", "reasoning_tokens": "m", "node_id": "n", "origin_id": "o"},
    **{"parent_execution_id": "p", "parent_id": "q", "release_id": "r", "status": "s", "trigger_id": "t"},
    **{"url": "u", "kind_id": "v", "workflow_id": "w", "started_at": "x", "input_type_id": "y", "position": "z"},
    **{"api_call_count": "A", "peak_memory_bytes": "B", "memory_limit_bytes": "C", "storage_bytes": "D"},
    **{"storage_limit_bytes": "E", "told_tokens": "F", "provider_id": "G", "model_id": "H", "tool_id": "I"},
    **{"system_id": "J", "usage_detail": "K"},
}
_COLUMNS: Final = {letter: column for column, letter in LETTERS.items()}


def pack(revisions: Mapping[str, int] | None) -> dict[str, str] | None:
    """Revisions as the database keeps them."""
    if not revisions:
        return None
    found: dict[str, str] = {}
    for column in sorted(revisions):
        number = str(revisions[column])
        found[number] = found.get(number, "") + LETTERS[column]
    return found


def unpack(kept: Mapping[str, Any] | None) -> dict[str, int] | None:
    """Revisions that the database kept, by column."""
    if not kept:
        return None
    found: dict[str, int] = {}
    for key, value in kept.items():
        if isinstance(value, str):
            found |= dict.fromkeys((_COLUMNS[letter] for letter in value), int(key))
        else:
            found[key] = value
    return found
