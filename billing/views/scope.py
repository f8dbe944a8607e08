"""What a page of costs is about: the team, the period, and the filters of its address, which become ids."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from accounts.access import TeamRequest
from accounts.models import Team
from accounts.statements import run_prepared
from billing.analysis.periods import Period, PeriodKind, parse_period
from billing.models import CostDimension, CostKind
from billing.reads.cost import CostCut, Ids
from monitoring.filters import ANY, Choice, Filters, parse_filters
from monitoring.identity import LabelKind, label_id
from monitoring.presentation import FilterChip, Link
from monitoring.reads.environments import environments_of

FURTHER = {
    "release": (CostDimension.RELEASE, LabelKind.RELEASE),
    "step": (CostDimension.NODE, LabelKind.NODE),
    "tag": (CostDimension.TAG, LabelKind.TAG),
    "system": (CostDimension.SYSTEM, LabelKind.SYSTEM),
}
TITLES = {
    "workflow": "Workflow",
    "provider": "Provider",
    "model": "Model",
    "kind": "Kind",
    "release": "Release",
    "step": "Node",
    "tag": "Tag",
    "system": "External system",
}
KIND_WORDS = {kind.name.lower(): kind for kind in CostKind}
# An id that nothing has: what an unknown name finds.
NOBODY = UUID(int=1)
NO_KIND = -2
_WORKFLOWS = "SELECT id, slug, name FROM workflow WHERE team_id = %s AND (slug = ANY(%s) OR name = ANY(%s))"


@dataclass(frozen=True, slots=True)
class CostScope:
    """A page of costs. `left_out` are filters that cannot be combined with the one that is in force."""

    team: Team
    period: Period
    filters: Filters
    tags: Choice
    kinds: Choice
    cut: CostCut
    environments: Sequence[str]
    now: datetime
    names: dict[str, str] = field(default_factory=dict)
    left_out: Sequence[str] = ()

    # What `alert_link` and the frame ask of a scope.
    @property
    def workflow(self) -> None:
        """No page of costs belongs to a workflow alone."""
        return None

    @property
    def environment(self) -> str | None:
        """The one environment shown; None for all or several."""
        wanted = self.choice("env").wanted
        return wanted[0] if len(wanted) == 1 and not self.choice("env").excluded and wanted[0] != ANY else None

    @property
    def environment_words(self) -> str:
        """`production`, `all environments`, `staging or test`."""
        choice = self.choice("env")
        wanted = [one for one in choice.wanted if one != ANY]
        return " or ".join(wanted) or "all environments" + "".join(f" without {one}" for one in choice.excluded)

    def choice(self, name: str) -> Choice:
        """What the address asks of this filter."""
        return {"tag": self.tags, "kind": self.kinds}.get(name) or self.filters[name]

    def query(self, **changes: str | list[str] | None) -> str:
        """The query string of this view with some parameters changed (None removes one); empty or with a `?`."""
        told: dict[str, list[str]] = {"period": [self.period.kind], "at": [self.period.at]}
        for name in ("env", *TITLES):
            choice = self.choice(name)
            told[name] = [*choice.wanted, *(f"-{value}" for value in choice.excluded)]
        told |= {"by": [self.filters.by], "sort": [self.filters.sort]}
        for name, value in changes.items():
            told[name] = [] if value is None else [value] if isinstance(value, str) else value
        pairs = [(name, value) for name, values in told.items() for value in values if value]
        return "?" + urlencode(pairs)

    def href(self, name: str, **changes: str | list[str] | None) -> str:
        """The address of a page of costs with the same period and filters, some of them changed."""
        return reverse(name, args=[self.team.slug]) + self.query(**{"by": None, "sort": None, **changes})


def open_costs(request: TeamRequest) -> CostScope:
    """The scope of a request. Nonsense never fails: it filters nothing, or everything away."""
    now, params = timezone.now(), request.GET
    filters = parse_filters(params, now)
    extra = {name: _choice(params.getlist(name)) for name in ("tag", "kind")}
    cut, names, left_out = _cut(request.team, filters, extra)
    return CostScope(
        team=request.team,
        period=parse_period(params.get("period"), params.get("at"), now.date()),
        filters=filters,
        tags=extra["tag"],
        kinds=extra["kind"],
        cut=cut,
        environments=environments_of(request.team.id),
        now=now,
        names=names,
        left_out=left_out,
    )


def _choice(values: Sequence[str]) -> Choice:
    told = [value.replace("\x00", "")[:300] for value in values[:50] if value]
    wanted = tuple(dict.fromkeys(value for value in told if not value.startswith("-")))
    return Choice(wanted, tuple(dict.fromkeys(value[1:] for value in told if value.startswith("-"))))


def _cut(team: Team, filters: Filters, extra: dict[str, Choice]) -> tuple[CostCut, dict[str, str], list[str]]:
    workflows, names = _workflow_ids(team.id, filters["workflow"])
    env = filters["env"]
    further, values, left_out = _further(filters, extra["tag"])
    cut = CostCut(
        team.id,
        environments=_labels(LabelKind.ENVIRONMENT, Choice(tuple(v for v in env.wanted if v != ANY), env.excluded)),
        workflows=workflows,
        providers=_labels(LabelKind.PROVIDER, filters["provider"]),
        models=_labels(LabelKind.MODEL, filters["model"]),
        kinds=Ids(*(_kinds(side) for side in _sides(extra["kind"]))),
        further=further,
        values=values,
    )
    return cut, names, left_out


def _sides(choice: Choice) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return choice.wanted, choice.excluded


def _kinds(words: Sequence[str]) -> tuple[int, ...]:
    return tuple(KIND_WORDS[word].value if word in KIND_WORDS else NO_KIND for word in words)


def _labels(kind: LabelKind, choice: Choice) -> Ids:
    return Ids(*(tuple(label_id(kind, value) for value in side) for side in _sides(choice)))


def _further(filters: Filters, tags: Choice) -> tuple[CostDimension | None, Ids, list[str]]:
    """The first filter by one more dimension; rollups have one at a time. Tags of one key: a line may have several."""
    told = {name: tags if name == "tag" else filters[name] for name in FURTHER}
    used = [name for name, choice in told.items() if choice]
    if not used:
        return None, Ids(), []
    name, left_out = used[0], [TITLES[one] for one in used[1:]]
    choice = told[name]
    if name in ("tag", "system") and choice.excluded:
        left_out.append(f"{TITLES[name]} is not {choice.excluded[0]}")
        choice = Choice(choice.wanted)
    if name == "tag":
        key = choice.wanted[0].partition("=")[0] if choice.wanted else ""
        same = tuple(value for value in choice.wanted if value.partition("=")[0] == key)
        left_out += [f"Tag {value}" for value in choice.wanted if value not in same]
        choice = Choice(same)
    dimension, kind = FURTHER[name]
    return (dimension, _labels(kind, choice), left_out) if choice else (None, Ids(), left_out)


def _workflow_ids(team_id: UUID, choice: Choice) -> tuple[Ids, dict[str, str]]:
    """Workflows by slug or name, and their names by what the address says."""
    if not choice:
        return Ids(), {}
    texts = [*choice.wanted, *choice.excluded]
    rows = run_prepared(_WORKFLOWS, [team_id, texts, texts])
    known = {text: number for number, *both in rows for text in both}
    names = {text: name for _, slug, name in rows for text in (slug, name)}
    wanted, excluded = (tuple(dict.fromkeys(known.get(text, NOBODY) for text in side)) for side in _sides(choice))
    return Ids(wanted, excluded), names


def frame(scope: CostScope) -> dict[str, Any]:
    """The context that every page of costs needs."""
    return {
        "scope": scope,
        "workflow": None,
        "period": scope.period,
        "periods": [
            Link(kind.capitalize(), scope.query(period=kind), kind is scope.period.kind) for kind in PeriodKind
        ],
        "months": [Link(one.name, scope.query(at=one.at), one.at == scope.period.at) for one in _near(scope.period)],
        "environments": _environment_links(scope),
        "environment_words": scope.environment_words,
        "chips": chips(scope),
        "clear_href": scope.query(**dict.fromkeys(TITLES)),
        "left_out": scope.left_out,
    }


def _near(period: Period) -> list[Period]:
    """The last twelve periods of its kind (six years), newest first, and its own where it is older."""
    newest = parse_period(period.kind, None, period.today)
    found = [newest.step(-number) for number in range(6 if period.kind is PeriodKind.YEAR else 12)]
    return found if period in found else [*found, period]


def _environment_links(scope: CostScope) -> list[Link]:
    if len(scope.environments) < 2:
        return []
    links = [Link(name, scope.query(env=name), name == scope.environment) for name in scope.environments]
    return [Link("All", scope.query(env=None), not scope.choice("env").wanted), *links]


def chips(scope: CostScope) -> list[FilterChip]:
    """The filters in force, each with the address without it."""
    found = []
    for name, title in TITLES.items():
        choice = scope.choice(name)
        told = [*((value, False) for value in choice.wanted), *((value, True) for value in choice.excluded)]
        for value, is_excluded in told:
            left = [f"-{one}" if off else one for one, off in told if (one, off) != (value, is_excluded)]
            text = scope.names.get(value, value) if name == "workflow" else value
            if name == "kind" and value in KIND_WORDS:
                text = str(KIND_WORDS[value].label)
            found.append(FilterChip(title, text, scope.query(**{name: left}), is_excluded))
    return found
