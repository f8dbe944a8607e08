"""What higher apps know and pages or metrics here show: small typed ports, wired by `config`.

Nothing is shown where nobody has given a provider: an unknown is not an empty answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AlertState:
    """Whether an alert rule fires now, for one workflow or (empty) for all of them."""

    rule: str
    workflow: str
    is_firing: bool


AlertStates = Callable[[UUID], Sequence[AlertState]]
_alert_states: list[AlertStates] = []


def provide_alert_states(read: AlertStates) -> None:
    """Says who knows the states of a team's alerts; the last one said is asked."""
    _alert_states[:] = [read]


def alert_states(team_id: UUID) -> Sequence[AlertState] | None:
    """The states of the team's alerts; None where nobody knows them."""
    return _alert_states[0](team_id) if _alert_states else None
