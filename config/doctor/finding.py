"""What was found about one part of the installation."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a part is: in order, to be looked at, broken, or not to be told from here."""

    OK = "ok"
    CAUTION = "caution"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """`told` is what was seen, `mend` what to do about it (empty where nothing is to be done)."""

    part: str
    state: State
    told: str
    mend: str = ""


def ok(part: str, told: str) -> Finding:
    """It is in order."""
    return Finding(part, State.OK, told)


def caution(part: str, told: str, mend: str) -> Finding:
    """It works, and somebody should look."""
    return Finding(part, State.CAUTION, told, mend)


def broken(part: str, told: str, mend: str) -> Finding:
    """It does not work, or is not safe."""
    return Finding(part, State.BROKEN, told, mend)


def unknown(part: str, told: str, mend: str = "") -> Finding:
    """It cannot be told from here."""
    return Finding(part, State.UNKNOWN, told, mend)
