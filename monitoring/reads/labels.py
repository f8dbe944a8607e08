"""The dictionary of a team's names: ids to texts, and the texts that exist."""

from collections.abc import Iterable
from uuid import UUID

from accounts.statements import run_prepared
from monitoring.identity import LabelKind, label_id
from monitoring.models import Label

_VALUES = "SELECT id, value FROM label WHERE team_id = %s AND id = ANY(%s)"


def label_values(team_id: UUID, ids: Iterable[int | None]) -> dict[int, str]:
    """The texts of these labels, in one query (none when there are no ids)."""
    wanted = {number for number in ids if number is not None}
    if not wanted:
        return {}
    # Plain SQL: on every page, and the ORM takes longer to write a list of ids than the query runs.
    return dict(run_prepared(_VALUES, [team_id, list(wanted)]))


def ids_of(kind: LabelKind, values: Iterable[str]) -> list[int]:
    """The ids of these names: they derive from the text, so nothing is looked up."""
    return [label_id(kind, value) for value in values]


def values_of(team_id: UUID, kind: LabelKind, *, limit: int = 200) -> list[str]:
    """The names of this kind that the team has ever used, in order; for the choices of a filter."""
    names = Label.objects.filter(team_id=team_id, kind=kind).order_by("value", "id")
    return list(names.values_list("value", flat=True)[:limit])
