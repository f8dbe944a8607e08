"""What a page of costs is about: the team, the period, and the filters of its address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, reduce
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import TeamRequest
from accounts.models import Team
from billing.analysis.periods import Period, PeriodKind, parse_period
from billing.reads.choices import KIND_WORDS, TITLES, CostChoices, cut_of
from billing.reads.cost_cut import CostCut
from billing.views.words import kind_words, period_kind_words
from monitoring.filters import ANY, MAX_LENGTH, MAX_VALUES, Choice
from monitoring.presentation import FilterChip, Link
from monitoring.reads.environments import environments_of

# Names of filters in addresses, where they differ from those of the reads.
PARAMS = {"environment": "env", "node": "step"}
FILTERS = ("environment", *TITLES)
NO_FILTERS: Mapping[str, None] = dict.fromkeys(PARAMS.get(name, name) for name in FILTERS)


# A page has some eighty links that differ in one parameter or two.
@lru_cache(maxsize=4096)
def _pair(name: str, value: str) -> str:
    return urlencode([(name, value)])


@lru_cache(maxsize=1024)
def _address(name: str, team: str) -> str:
    return reverse(name, args=[team])


@dataclass(frozen=True, slots=True)
class CostScope:
    """A page of costs. `by` is how the chart is split."""

    team: Team
    period: Period
    told: Mapping[str, Choice]
    by: str
    sort: str
    choices: CostChoices
    environments: Sequence[str]
    now: datetime

    # What `alert_link` and the frame ask of a scope.
    @property
    def workflow(self) -> None:
        """No page of costs belongs to a workflow alone."""
        return None

    @property
    def environment(self) -> str | None:
        """The one environment shown; None for all or several."""
        choice = self.told["environment"]
        return choice.wanted[0] if len(choice.wanted) == 1 and not choice.excluded and choice.wanted[0] != ANY else None

    @property
    def environment_words(self) -> str:
        """`production`, `all environments`, `staging or test`."""
        choice = self.told["environment"]
        wanted = [one for one in choice.wanted if one != ANY]
        if not wanted:
            left_out = [_("without {environment}").format(environment=one) for one in choice.excluded]
            return " ".join([_("all environments"), *left_out])
        return reduce(lambda told, one: _("{names} or {name}").format(names=told, name=one), wanted)

    @property
    def cut(self) -> CostCut:
        """The lines shown."""
        return self.choices.cut

    def query(self, **changes: str | list[str] | None) -> str:
        """The query string of this view with some parameters changed (None removes one). Starts with `?`."""
        told: dict[str, list[str]] = {"period": [self.period.kind], "at": [self.period.at]}
        for name, choice in self.told.items():
            told[PARAMS.get(name, name)] = [*choice.wanted, *(f"-{value}" for value in choice.excluded)]
        told |= {"by": [self.by], "sort": [self.sort]}
        for name, value in changes.items():
            told[name] = [] if value is None else [value] if isinstance(value, str) else value
        return "?" + "&".join(_pair(name, value) for name, values in told.items() for value in values if value)

    def href(self, name: str, **changes: str | list[str] | None) -> str:
        """The address of a page of costs with the same period and filters, some of them changed."""
        return _address(name, self.team.slug) + self.query(**{"by": None, "sort": None, **changes})


def open_costs(request: TeamRequest) -> CostScope:
    """The scope of a request. Nonsense never fails: it filters nothing, or everything away."""
    now, params = timezone.now(), request.GET
    told = {name: _choice(params.getlist(PARAMS.get(name, name))) for name in FILTERS}
    return CostScope(
        team=request.team,
        period=parse_period(params.get("period"), params.get("at"), now.date()),
        told=told,
        by=params.get("by", ""),
        sort=params.get("sort", ""),
        choices=cut_of(request.team.id, told),
        environments=environments_of(request.team.id),
        now=now,
    )


def _choice(values: Sequence[str]) -> Choice:
    told = [value.replace("\x00", "")[:MAX_LENGTH] for value in values[:MAX_VALUES] if value]
    wanted = tuple(dict.fromkeys(value for value in told if not value.startswith("-")))
    return Choice(wanted, tuple(dict.fromkeys(value[1:] for value in told if value.startswith("-"))))


def frame(scope: CostScope) -> dict[str, Any]:
    """The context that every page of costs needs."""
    return {
        "scope": scope,
        "workflow": None,
        "period": scope.period,
        "periods": [
            Link(period_kind_words(kind), scope.query(period=kind), kind is scope.period.kind) for kind in PeriodKind
        ],
        "months": [Link(one.name, scope.query(at=one.at), one.at == scope.period.at) for one in _near(scope.period)],
        "environments": _environment_links(scope),
        "environment_words": scope.environment_words,
        "chips": chips(scope),
        "clear_href": scope.query(**NO_FILTERS),
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
    return [Link(_("All"), scope.query(env=None), not scope.told["environment"]), *links]


def chips(scope: CostScope) -> list[FilterChip]:
    """The filters in force, each with the address without it."""
    found = []
    for name, title in TITLES.items():
        choice = scope.told[name]
        told = [*((value, False) for value in choice.wanted), *((value, True) for value in choice.excluded)]
        for value, is_excluded in told:
            left = [f"-{one}" if off else one for one, off in told if (one, off) != (value, is_excluded)]
            text = scope.choices.names.get(value, value) if name == "workflow" else value
            if name == "kind" and value in KIND_WORDS:
                text = kind_words(KIND_WORDS[value])
            found.append(FilterChip(_(title), text, scope.query(**{PARAMS.get(name, name): left}), is_excluded))
    return found
