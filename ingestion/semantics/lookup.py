"""All conventions as one look-up: the name of an attribute gives the field that it tells.

A name is resolved once and remembered, up to a bound, because senders may invent names without end.
"""

from typing import Final, NamedTuple

from ingestion.semantics.conventions import CONVENTIONS

MAX_REMEMBERED: Final = 20_000


class Entry(NamedTuple):
    """What a name tells: a field, or nothing (None). Of two names of one field the lower `rank` wins.

    `is_kept`: the attribute stays. `is_json`: the value is JSON text. `rest`: what follows the start of a family.
    """

    field: str | None
    rank: int = 0
    is_kept: bool = False
    is_json: bool = False
    rest: str = ""
    convention: str = ""


# Kept as attributes: known to be harmless, and understood by nothing.
PLAIN, UNKNOWN = Entry(None), Entry(None, 1)


def _compile() -> dict[str, Entry]:
    table: dict[str, Entry] = {}
    for number, convention in enumerate(CONVENTIONS):
        for is_kept, fields in ((False, convention.mapped), (True, convention.kept)):
            for field, names in fields.items():
                for place, name in enumerate(names.split()):
                    entry = Entry(field, 100 * number + place, is_kept, convention.is_json, "", convention.name)
                    table.setdefault(name, entry)
    return table


TABLE: Final = _compile()
_FAMILIES = {start: (field, one.name) for one in CONVENTIONS for start, field in one.families.items()}
_TAGS = {start: one.name for one in CONVENTIONS for start in one.tags}
_UNDERSTOOD = tuple({start for one in CONVENTIONS for start in one.understood})
_remembered: dict[str, Entry] = dict(TABLE)
find = _remembered.get


def resolve(name: str) -> Entry:
    """What a name tells that `find` does not know yet."""
    entry = _resolve(name)
    if len(_remembered) < MAX_REMEMBERED:
        _remembered[name] = entry
    return entry


def _resolve(name: str) -> Entry:
    for start, (field, convention) in _FAMILIES.items():
        if name.startswith(start):
            return Entry(field, 0, False, False, name.removeprefix(start), convention)
    for start, convention in _TAGS.items():
        if name.startswith(start):
            return Entry("tag", 0, False, False, name.removeprefix(start), convention)
    return PLAIN if name.startswith(_UNDERSTOOD) else UNKNOWN
