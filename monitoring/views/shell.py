"""What the pages of the flow share: whose page it is, its time range and environment, the step rail, the filters.

A view starts with `open_scope()`, asks its read for figures, and renders `{**frame(scope), ...}`:

    scope = open_scope(request, workflow)
    figures = trends.totals(scope.team.id, scope.window, ...)
    return TemplateResponse(request, "x.html", {**frame(scope, rail=step_rail(scope, figures, current=2)), ...})
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.access import TeamRequest
from accounts.models import Team
from monitoring import wording
from monitoring.analysis.intervals import Interval
from monitoring.filters import ANY, NAMES, TITLES, Filters, parse_filters
from monitoring.identity import PRODUCTION
from monitoring.joining import either
from monitoring.models import Workflow
from monitoring.presentation import FilterChip, Link, RailStep
from monitoring.reads import improvements
from monitoring.reads.environments import environments_of
from monitoring.reads.workflows import find
from monitoring.statuses import UNMET, Status
from monitoring.templatetags.components import SIGNS
from monitoring.windows import Window

# The environment has a choice of its own, so it is no chip.
CHIP_NAMES = tuple(name for name in NAMES if name != "env")
_SOURCES = {
    "airflow": "Airflow",
    "cron": gettext_noop("Cron"),
    "dify": "Dify",
    "github-actions": "GitHub Actions",
    "langgraph": "LangGraph",
    "webhook": gettext_noop("Webhook"),
}
# Pages that show all runs of the range and environment, whatever the other filters say.
WHOLE = ("trends", "workflows", "systems", "system", "models", "model", "tools", "tool")


# The steps of the rail.
STEPS = {
    1: gettext_noop("Trends"),
    2: gettext_noop("Failures"),
    3: gettext_noop("Replay"),
    4: gettext_noop("Classify"),
    5: gettext_noop("Improve"),
}


class Outcomes(Protocol):
    """The figures that the step rail quotes (`monitoring.reads.trends.Totals` has them)."""

    @property
    def runs(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def timed_out(self) -> int: ...
    @property
    def success(self) -> Interval | None: ...
    @property
    def is_failures_only(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """What a page is about: the team, one workflow or all (None), and what its address asks for."""

    team: Team
    workflow: Workflow | None
    filters: Filters
    environments: Sequence[str]
    now: datetime

    @property
    def window(self) -> Window:
        """The time range shown, half-open."""
        return self.filters.window

    @property
    def environment(self) -> str | None:
        """The one environment shown; None for several or all."""
        return self.filters.environment

    @property
    def environment_words(self) -> str:
        """The environment as a heading names it: `production`, `all environments`, `staging or test`."""
        choice = self.filters["env"]
        if self.environment:
            return self.environment
        if ANY in choice.wanted or not choice.wanted:
            if not choice.excluded:
                return _("all environments")
            return _("all environments without {environment}").format(environment=choice.excluded[0])
        return either(choice.wanted)

    def href(self, name: str, *args: str | uuid.UUID, **changes: str | list[str] | None) -> str:
        """The address of a page of this team with the range and filters in force, some of them changed.

        Without `args` it is the page of the scope's workflow where the page belongs to one. The cursor and the
        order of rows never go along: they mean nothing on another page; nor do filters to a page of all runs.
        """
        if not args and self.workflow and name in ("trends", "failures"):
            args = (self.workflow.slug,)
        dropped = ("after", "sort", "by", "in_", *((*CHIP_NAMES, "q") if name in WHOLE else ()))
        told: dict[str, str | list[str] | None] = {**dict.fromkeys(dropped), **changes}
        return reverse(name, args=[self.team.slug, *args]) + self.filters.query(**told)


def open_scope(request: TeamRequest, workflow: str | None = None) -> Scope:
    """The scope of a request; `workflow` is the slug in its address. Raises `Http404` for one of another team."""
    found = None
    if workflow is not None:
        found = find(request.team.id, workflow)
        if found is None:
            raise Http404("No such workflow.")
    now = timezone.now()
    names = environments_of(request.team.id, found.id if found else None)
    return Scope(request.team, found, parse_filters(request.GET, now), names, now)


def frame(scope: Scope, *, rail: Sequence[RailStep] = ()) -> dict[str, Any]:
    """The context that the frame of every page needs.

    Keys: `scope`, `workflow` (or None), `window` (shows the range picker), `rail` (for `_step_rail.html`),
    `environments` (list of Link, for `_segmented.html`; empty where there is no choice), `environment_words`.
    """
    return {
        "scope": scope,
        "workflow": scope.workflow,
        "window": scope.window,
        "rail": rail,
        "environments": environment_links(scope),
        "environment_words": scope.environment_words,
    }


def environment_links(scope: Scope) -> list[Link]:
    """The environments to choose from, `All` last; none when only the one shown exists."""
    names = list(scope.environments)
    if scope.environment and scope.environment not in names:
        names.insert(0, scope.environment)
    if len(names) < 2:
        return []
    links = [
        Link(name, scope.filters.query(env=None if name == PRODUCTION else name, after=None), name == scope.environment)
        for name in names
    ]
    return [*links, Link(_("All"), scope.filters.query(env=ANY, after=None), scope.environment is None)]


def step_rail(
    scope: Scope,
    figures: Outcomes | None,
    *,
    current: int,
    notes: Mapping[int, str] | None = None,
    replay_href: str = "",
    classify_href: str = "",
) -> list[RailStep]:
    """The five steps with what each found. `current` is the number of the page's own step.

    `figures` are those of the workflow in the window (None: not known on this page); `notes` replaces the note of
    a step; `replay_href` leads to the execution that step 3 opens, else it leads to the failures to choose from;
    `classify_href` to what step 4 decides about, else to the failure groups. Step 5 leads to the improvements of the
    workflow and says how many are planned, released, or back.
    """
    told = {**_usual_notes(scope, figures), 5: _improvements_note(scope), **(notes or {})}
    failures = scope.href("failures") if scope.workflow else ""
    hrefs = {
        1: scope.href("trends") if scope.workflow else scope.href("workflows"),
        2: failures,
        3: replay_href or (f"{failures}#samples" if failures else ""),
        4: classify_href or (f"{failures}#groups" if failures else ""),
        5: _improvements_href(scope),
    }
    return [
        RailStep(
            number,
            _(title),
            told.get(number, ""),
            hrefs.get(number, ""),
            "current" if number == current else "done" if number < current else "",
        )
        for number, title in STEPS.items()
    ]


def _usual_notes(scope: Scope, figures: Outcomes | None) -> dict[int, str]:
    notes = {3: _("Choose a failed sample"), 4: _("By failure group")}
    if figures is None:
        return notes
    failures = figures.failed + figures.timed_out
    if not failures:
        notes[3] = _("No failure to replay")
    objective = scope.workflow.objective_success_rate if scope.workflow else None
    if figures.success:
        words = _("{share} succeed, objective {objective}") if objective else _("{share} succeed, no objective set")
        goal = wording.plain_percent(objective) if objective else ""
        notes[1] = words.format(share=wording.percent(figures.success.rate), objective=goal)
    else:
        notes[1] = _("Only failures are reported") if figures.is_failures_only else _("No finished runs")
    words = _("{count} of {runs} runs") if failures else _("None in this range")
    notes[2] = words.format(count=wording.count(failures), runs=wording.count(figures.runs))
    return notes


def _improvements_note(scope: Scope) -> str:
    return improvements.progress_note(improvements.counts(scope.team.id, scope.workflow.id if scope.workflow else None))


def _improvements_href(scope: Scope) -> str:
    query = f"?{urlencode({'workflow': scope.workflow.slug})}" if scope.workflow else ""
    return reverse("improvements", args=[scope.team.slug]) + query


def source_words(kind: str) -> str:
    """What runs a workflow, as its makers write it; else as it was told."""
    known = _SOURCES.get(kind.lower().replace("_", "-"))
    return _(known) if known else kind


def filter_chips(
    scope: Scope, words: Mapping[tuple[str, str], str] | None = None, *, names: Sequence[str] = CHIP_NAMES
) -> list[FilterChip]:
    """The filters in force as chips, the search text included as the last one, each with the address without it.

    `words` says how a value is written where it is not its own name: `{("group", id): title}`; `names` which are shown.
    """
    chips = []
    for name in names:
        choice = scope.filters[name]
        for excluded, values in ((False, choice.wanted), (True, choice.excluded)):
            for value in values:
                text = (words or {}).get((name, value)) or _value_words(name, value)
                chips.append(
                    FilterChip(_(TITLES[name]), text, _without(scope.filters, name, value, excluded), excluded)
                )
    if scope.filters.q:
        chips.append(FilterChip(_("Search"), scope.filters.q, scope.filters.query(q=None, after=None)))
    return chips


def clear_href(scope: Scope) -> str:
    """The address of the same page with its range and environment but no other filter."""
    return scope.filters.query(**dict.fromkeys((*CHIP_NAMES, "q", "in_", "after")))


def range_query(scope: Scope) -> str:
    """The query of another page with the same range and environment, and nothing else of this one's."""
    return scope.filters.query(**dict.fromkeys((*CHIP_NAMES, "q", "in_", "after", "sort", "by")))


def _value_words(name: str, value: str) -> str:
    if name == "status" and value in {UNMET, *(status.word for status in Status)}:
        return SIGNS[value].word
    return value


def _without(filters: Filters, name: str, value: str, excluded: bool) -> str:
    choice = filters[name]
    wanted = [one for one in choice.wanted if excluded or one != value]
    left_out = [f"-{one}" for one in choice.excluded if not excluded or one != value]
    return filters.query(after=None, **{name: [*wanted, *left_out]})
