"""What accounts show of what higher apps know: small typed ports, wired by `config`."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
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


# Of a team: what it used this month of what it may, as label and value.
TeamFigures = Callable[[UUID, datetime], Sequence[tuple[str, str]]]
_team_figures: list[TeamFigures] = []


def provide_team_figures(read: TeamFigures) -> None:
    """Says who knows what a team used; the last one said is asked."""
    _team_figures[:] = [read]


def team_figures(team_id: UUID, now: datetime) -> Sequence[tuple[str, str]]:
    """What a team used this month; nothing where nobody knows."""
    return _team_figures[0](team_id, now) if _team_figures else ()


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


# Whether a team has nothing to show yet. Asked inside the team's context.
EmptyTeam = Callable[[UUID], bool]
_empty_team: list[EmptyTeam] = []


def provide_empty_team(read: EmptyTeam) -> None:
    """Says who knows whether anything was reported to a team; the last one said is asked."""
    _empty_team[:] = [read]


def is_empty_team(team_id: UUID) -> bool:
    """Whether nothing was ever reported to the team; no, where nobody knows."""
    return bool(_empty_team) and _empty_team[0](team_id)
