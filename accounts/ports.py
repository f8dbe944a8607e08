"""What accounts show of what higher apps know: small typed ports, wired by `config`."""

from collections.abc import Callable, Collection, Sequence
from uuid import UUID

# Protocols by which a key can report: value and label.
SourceKinds = Callable[[], Sequence[tuple[str, str]]]
_source_kinds: list[SourceKinds] = []


def provide_source_kinds(read: SourceKinds) -> None:
    """Says who knows the protocols; the last one said is asked."""
    _source_kinds[:] = [read]


def source_kinds() -> Sequence[tuple[str, str]]:
    """The protocols that a key can be limited to; none where nobody knows them."""
    return _source_kinds[0]() if _source_kinds else ()


# Of users: those who have a second factor.
SecondFactors = Callable[[Collection[UUID]], Collection[UUID]]
_second_factors: list[SecondFactors] = []


def provide_second_factors(read: SecondFactors) -> None:
    """Says who knows which users have a second factor; the last one said is asked."""
    _second_factors[:] = [read]


def second_factors(users: Collection[UUID]) -> Collection[UUID] | None:
    """Those of the users who have a second factor; None where nobody knows."""
    return _second_factors[0](users) if _second_factors else None


# What goes on anew for a team that was closed and is restored.
Reopened = Callable[[UUID], object]
_reopened: list[Reopened] = []


def provide_reopened(go_on: Reopened) -> None:
    """Says who takes up a restored team; the last one said is asked."""
    _reopened[:] = [go_on]


def tell_reopened(team_id: UUID) -> None:
    """Tells that a team is restored."""
    for go_on in _reopened:
        go_on(team_id)


# Columns that are kept packed, by table and column: what reads one as JSON text.
Unpack = Callable[[bytes], str]
_packed: dict[tuple[str, str], Unpack] = {}


def provide_packed(table: str, column: str, unpack: Unpack) -> None:
    """Says how a packed column of a table is read."""
    _packed[table, column] = unpack


def unpacked(table: str, column: str) -> Unpack | None:
    """What reads a packed column; None where it is none that can be read."""
    return _packed.get((table, column))
