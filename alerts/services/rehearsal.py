"""Runs a rule over the last 30 days before it is saved: when it would have fired, and how many notices it would send.

Judging and states are those of the evaluation (`alerts.analysis.rehearsing`). Silences, maintenance, quiet hours and
grouping are left out: what is rehearsed is the rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from alerts.analysis.catalogue import METRICS, Family
from alerts.analysis.conditions import Comparison
from alerts.analysis.rehearsing import Advised, Firing, Track, rehearse, weekly_threshold
from alerts.analysis.wanted import UNASKED
from alerts.models import AlertRule
from alerts.services.rehearsal_courses import Course, Looked, of_windows
from alerts.services.rehearsal_looks import LOOKS
from monitoring.windows import HOUR, MINUTE, floor_to

LENGTH = timedelta(days=30)
# One when an incident opens, one when it is over.
NOTICES_EACH = 2
UNREHEARSED = {
    Family.LIVE: gettext_noop("What was at work at each moment of the past is not kept: this cannot be rehearsed."),
    Family.SOURCE: gettext_noop(
        "When each source reported in the past is kept by the hour alone: this cannot be rehearsed."
    ),
    Family.BUDGET: gettext_noop("What a month spent by then is on the page of trends: a budget is not rehearsed."),
    Family.COST_BUDGET: gettext_noop(
        "What was spent and forecast on each day is on the page of the budget: it is not rehearsed."
    ),
}


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rule would have done in [start, end]. `why_not`: why it cannot be told; then there is nothing else.

    `is_cut`: it looks at more subjects than were looked at, those with most runs. `was_slow`: reading by the minute
    took too long, so hours were read. `is_whole`: no track at all is an answer, too.
    """

    start: datetime
    end: datetime
    why_not: str = ""
    tracks: Sequence[Track] = ()
    firings: Sequence[Firing] = ()
    looked: Sequence[Looked] = ()
    advised: Advised | None = None
    is_cut: bool = False
    was_slow: bool = False
    is_whole: bool = False

    @property
    def notices(self) -> int:
        """How many notices one channel would have been sent."""
        return sum(NOTICES_EACH if one.until else 1 for one in self.firings)

    @property
    def fired(self) -> timedelta:
        """How long it fired, all subjects added up."""
        return sum((one.length(self.end) for one in self.firings), timedelta())


def rehearse_rule(team_id: UUID, rule: AlertRule, now: datetime) -> Rehearsal:
    """What a rule, kept or not, would have done in the last 30 days. Call it inside the team's context."""
    return rehearse_rules(team_id, [rule], now)[0]


def rehearse_rules(team_id: UUID, rules: Sequence[AlertRule], now: datetime) -> list[Rehearsal]:
    """The same for some rules: those that look at the same share what is read."""
    courses: dict[tuple[object, ...], Course] = {}
    end = floor_to(now, MINUTE)
    start = floor_to(end - LENGTH, HOUR)
    found = []
    for rule in rules:
        if why_not := _why_not(rule):
            found.append(Rehearsal(start, end, why_not))
            continue
        key = _key(rule)
        if key not in courses:
            courses[key] = LOOKS.get(METRICS[rule.metric].family, of_windows)(team_id, rule, start, end, now)
        found.append(_rehearsed(rule, courses[key], start, end))
    return found


def _why_not(rule: AlertRule) -> str:
    metric = METRICS.get(rule.metric)
    if metric is None:
        return _("The metric is not known.")
    return _(UNREHEARSED[metric.family]) if metric.family in UNREHEARSED else ""


def _key(rule: AlertRule) -> tuple[object, ...]:
    """Rules with the same one have the same past."""
    is_usual = rule.comparison in (Comparison.UNUSUAL, Comparison.UNUSUAL_EITHER)
    target = (rule.workflow_id, rule.is_per_workflow, rule.scope, rule.value, rule.environment)
    return rule.metric, target, rule.window_s, is_usual, str(sorted(rule.parameters.items()))


def _rehearsed(rule: AlertRule, course: Course, start: datetime, end: datetime) -> Rehearsal:
    condition = rule.condition
    # The threshold of a burn rate only leaves out alarms of slower burns.
    is_asked = rule.metric not in UNASKED and METRICS[rule.metric].family is not Family.BURN
    return Rehearsal(
        start,
        end,
        tracks=course.tracks,
        firings=rehearse(condition, course.tracks),
        looked=course.looked,
        advised=weekly_threshold(condition, course.tracks, end - start) if is_asked and course.tracks else None,
        is_cut=course.is_cut,
        was_slow=course.was_slow,
        is_whole=course.is_whole,
    )
