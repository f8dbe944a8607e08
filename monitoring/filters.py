"""Filters: the query parameters that every page and list understands, read once, in one way.

Repeating a parameter means "or", different parameters mean "and", a leading `-` on a value excludes it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext_noop

from monitoring.identity import PRODUCTION
from monitoring.windows import Window, parse_window

NAMES = (
    "env",
    "status",
    "step",
    "error",
    "input",
    "system",
    "model",
    "provider",
    "tool",
    "release",
    "trigger",
    "workflow",
    "group",
    "field",
    "hour",
    "slower",
    "costlier",
    "retried",
    "usage",
    "assignee",
)
TITLES = {
    "env": gettext_noop("Environment"),
    "status": gettext_noop("Status"),
    "step": gettext_noop("Step"),
    "error": gettext_noop("Error"),
    "input": gettext_noop("Input type"),
    "system": gettext_noop("External system"),
    "model": gettext_noop("Model"),
    "provider": gettext_noop("Provider"),
    "tool": gettext_noop("Tool"),
    "release": gettext_noop("Release"),
    "trigger": gettext_noop("Trigger"),
    "workflow": gettext_noop("Workflow"),
    "group": gettext_noop("Failure group"),
    "field": gettext_noop("Input field or tag"),
    "hour": gettext_noop("Hour of the day"),
    "slower": gettext_noop("Took at least (ms)"),
    "costlier": gettext_noop("Cost at least (USD)"),
    "retried": gettext_noop("Retried"),
    "usage": gettext_noop("Usage"),
    "assignee": gettext_noop("Assigned to"),
}
# Where texts may be looked for, besides ids and errors.
PLACES = ("logs", "input", "output", "everything")
MAX_VALUES = 50
MAX_LENGTH = 300
MAX_QUERY = 2_000
ANY = "*"


@dataclass(frozen=True, slots=True)
class Choice:
    """What one parameter asks for: any of `wanted` (all when empty) and none of `excluded`."""

    wanted: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.wanted or self.excluded)


@dataclass(frozen=True, slots=True)
class Filters:
    """Everything an address says about what to show. `env=*` means all environments.

    `by` is how rows are grouped, `of` which executions a concentration is about, `places` (`in` in the address) where
    texts are looked for besides ids and errors.
    """

    window: Window
    choices: dict[str, Choice] = field(default_factory=dict)
    q: str = ""
    sort: str = ""
    after: str = ""
    by: str = ""
    of: str = ""
    places: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Choice:
        return self.choices.get(name, Choice())

    @property
    def environment(self) -> str | None:
        """The one environment shown: production unless said otherwise; None for several or all."""
        choice = self["env"]
        if not choice:
            return PRODUCTION
        return choice.wanted[0] if len(choice.wanted) == 1 and choice.wanted[0] != ANY else None

    def query(self, **changes: str | list[str] | None) -> str:
        """The query string of this view with some parameters changed (None removes one). Starts with `?`."""
        pairs: dict[str, list[str]] = {"from": [self.window.from_text], "to": [self.window.to_text]}
        for name, choice in self.choices.items():
            pairs[name] = [*choice.wanted, *(f"-{value}" for value in choice.excluded)]
        for name in ("q", "sort", "by", "of", "after"):
            pairs[name] = [getattr(self, name)]
        pairs["in"] = list(self.places)
        for name, value in changes.items():
            name = name.removesuffix("_") if name in ("from_", "in_") else name
            pairs[name] = [] if value is None else [value] if isinstance(value, str) else value
        found = [(name, value) for name, values in pairs.items() for value in values if value]
        return "?" + urlencode(found)


def _choice(values: list[str]) -> Choice:
    told = [value.replace("\x00", "")[:MAX_LENGTH] for value in values[:MAX_VALUES] if value]
    wanted = tuple(dict.fromkeys(value for value in told if not value.startswith("-")))
    excluded = tuple(dict.fromkeys(value[1:] for value in told if value.startswith("-") and len(value) > 1))
    return Choice(wanted, excluded)


def _text(params: QueryDict, name: str, length: int = MAX_LENGTH) -> str:
    return (params.get(name) or "").replace("\x00", "")[:length]


def _places(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value in PLACES))


def parse_filters(params: QueryDict, now: datetime) -> Filters:
    """The filters of an address. Nonsense never fails: it filters nothing, or everything away."""
    choices = {name: choice for name in NAMES if (choice := _choice(params.getlist(name)))}
    return Filters(
        window=parse_window(params.get("from"), params.get("to"), now),
        choices=choices,
        # One character more tells that there were more.
        q=_text(params, "q", MAX_QUERY + 1),
        sort=_text(params, "sort"),
        after=_text(params, "after"),
        by=_text(params, "by"),
        of=_text(params, "of"),
        places=_places(params.getlist("in")),
    )
