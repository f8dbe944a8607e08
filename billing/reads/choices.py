"""Filters by name as ids: which lines a page or an API call is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.statements import run_prepared
from billing.models import CostDimension, CostKind
from billing.reads.cost_cut import CostCut, Ids
from monitoring.filters import ANY, Choice
from monitoring.identity import LabelKind, label_id

FURTHER = {
    "release": (CostDimension.RELEASE, LabelKind.RELEASE),
    "node": (CostDimension.NODE, LabelKind.NODE),
    "tag": (CostDimension.TAG, LabelKind.TAG),
    "system": (CostDimension.SYSTEM, LabelKind.SYSTEM),
}
TITLES = {
    "workflow": gettext_noop("Workflow"),
    "provider": gettext_noop("Provider"),
    "model": gettext_noop("Model"),
    "kind": gettext_noop("Kind"),
    "release": gettext_noop("Release"),
    "node": gettext_noop("Node"),
    "tag": gettext_noop("Tag"),
    "system": gettext_noop("External system"),
}
KIND_WORDS = {kind.name.lower(): kind for kind in CostKind}
# Ids that nothing has: what an unknown name finds.
NOBODY = UUID(int=1)
NO_KIND = -2
_NONE = Choice()
_WORKFLOWS = "SELECT id, slug, name FROM workflow WHERE team_id = %s AND (slug = ANY(%s) OR name = ANY(%s))"


@dataclass(frozen=True, slots=True)
class CostChoices:
    """The lines asked for, names of workflows by what was written, and filters that cannot be combined with the one in
    force."""

    cut: CostCut
    names: Mapping[str, str] = field(default_factory=dict)
    left_out: Sequence[str] = ()


def cut_of(team_id: UUID, told: Mapping[str, Choice]) -> CostChoices:
    """The lines of these filters (keys of `TITLES`, and `environment`); at most one query."""
    workflows, names = _workflow_ids(team_id, told.get("workflow", _NONE))
    places = told.get("environment", _NONE)
    further, values, left_out = _further(told)
    cut = CostCut(
        team_id,
        environments=_labels(
            LabelKind.ENVIRONMENT, Choice(tuple(one for one in places.wanted if one != ANY), places.excluded)
        ),
        workflows=workflows,
        providers=_labels(LabelKind.PROVIDER, told.get("provider", _NONE)),
        models=_labels(LabelKind.MODEL, told.get("model", _NONE)),
        kinds=Ids(*(_kinds(side) for side in _sides(told.get("kind", _NONE)))),
        further=further,
        values=values,
    )
    return CostChoices(cut, names, left_out)


def _sides(choice: Choice) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return choice.wanted, choice.excluded


def _kinds(words: Sequence[str]) -> tuple[int, ...]:
    return tuple(KIND_WORDS[word].value if word in KIND_WORDS else NO_KIND for word in words)


def _labels(kind: LabelKind, choice: Choice) -> Ids:
    return Ids(*(tuple(label_id(kind, value) for value in side) for side in _sides(choice)))


def _further(told: Mapping[str, Choice]) -> tuple[CostDimension | None, Ids, list[str]]:
    """The first filter by one more dimension; rollups have one at a time. Tags of one key: a line may have several."""
    used = [name for name in FURTHER if told.get(name)]
    if not used:
        return None, Ids(), []
    name, left_out = used[0], [_(TITLES[one]) for one in used[1:]]
    choice = told[name]
    if name in ("tag", "system") and choice.excluded:
        words = _("Tag is not {value}") if name == "tag" else _("External system is not {value}")
        left_out.append(words.format(value=choice.excluded[0]))
        choice = Choice(choice.wanted)
    if name == "tag":
        key = choice.wanted[0].partition("=")[0] if choice.wanted else ""
        same = tuple(value for value in choice.wanted if value.partition("=")[0] == key)
        left_out += [_("Tag {value}").format(value=value) for value in choice.wanted if value not in same]
        choice = Choice(same)
    dimension, kind = FURTHER[name]
    return (dimension, _labels(kind, choice), left_out) if choice else (None, Ids(), left_out)


def _workflow_ids(team_id: UUID, choice: Choice) -> tuple[Ids, dict[str, str]]:
    """Workflows by slug or name, and their names by what was written."""
    if not choice:
        return Ids(), {}
    texts = [*choice.wanted, *choice.excluded]
    rows = run_prepared(_WORKFLOWS, [team_id, texts, texts])
    known = {text: number for number, *both in rows for text in both}
    names = {text: name for _id, slug, name in rows for text in (slug, name)}
    ids = (tuple(dict.fromkeys(known.get(text, NOBODY) for text in side)) for side in _sides(choice))
    return Ids(*ids), names
