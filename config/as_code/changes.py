"""What applying a file changes, and why a file is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

Document = dict[str, Any]


class Act(StrEnum):
    """What becomes of an item."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Change:
    """One item that becomes other; `fields` are those that differ, each before and after (None: not said)."""

    section: str
    name: str
    act: Act
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


class FileRefused(Exception):
    """A file that cannot be applied; `faults` are sentences that begin with the place in the file."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = list(faults)


@dataclass(slots=True)
class Applying:
    """One application of a file: whose, when, whether what the file does not name goes; its faults and changes."""

    team_id: UUID
    now: datetime
    by: str
    is_pruning: bool = False
    faults: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def refuse(self, place: str, reasons: Mapping[str, Any]) -> None:
        """Notes why an item cannot be as the file has it."""
        self.faults += [f"{place}: {what} {_text(why)}" for what, why in reasons.items()]

    def note(self, section: str, name: str, before: Document | None, after: Document | None) -> None:
        """Notes what an item became, if it became anything else."""
        fields = differing(before or {}, after or {})
        if before is None or after is None or fields:
            act = Act.ADD if before is None else Act.REMOVE if after is None else Act.CHANGE
            self.changes.append(Change(section, name, act, fields))


class Section(Protocol):
    """A part of the file: what the team has of it, and how it is made so."""

    name: str

    def export(self, team_id: UUID) -> Any:
        """What the file says of a team as it is."""

    def apply(self, told: Any, at: Applying) -> None:
        """Makes the team as the file says. Faults are noted, and the caller takes everything back then."""


def differing(before: Document, after: Document) -> dict[str, tuple[Any, Any]]:
    """The fields that differ, in the order of the documents."""
    names = [*before, *(name for name in after if name not in before)]
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}


def items(told: Any, section: str, at: Applying, key: str = "name") -> list[tuple[str, Document]]:
    """The items of a list with their places; what is no item, and what is there twice, is a fault."""
    found: list[tuple[str, Document]] = []
    seen: set[str] = set()
    if not isinstance(told, list):
        at.refuse(section, {"must": "be a list"})
        told = []
    for number, one in enumerate(told, 1):
        name = one.get(key) if isinstance(one, dict) else None
        place = f"{section}, item {number}"
        if not isinstance(one, dict) or not isinstance(name, str) or not name:
            at.refuse(place, {key: "must be told, as text"})
        elif name != name.strip():
            # It is kept without them, and would be another item at the next application.
            at.refuse(place, {key: "must not begin or end with a blank"})
        elif name in seen:
            at.refuse(place, {key: f"{name} is there twice"})
        else:
            found.append((f"{place} ({name})", one))
            seen.add(name)
    return found


def _text(why: Any) -> str:
    """A reason, or reasons as a serializer has them, as one line."""
    if isinstance(why, Mapping):
        return "; ".join(f"{name} {_text(one)}" for name, one in why.items())
    if isinstance(why, list | tuple):
        return " ".join(_text(one) for one in why)
    return str(why)
