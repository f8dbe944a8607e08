"""What is usual of a metric of which no usual range is kept: by the hours of the last four weeks, for at most
`MAX_SUBJECTS` subjects of a rule. Worked out once an hour in each process, and remembered until the next one.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from alerts.analysis.readings import Subject
from alerts.analysis.usual import Limits
from alerts.analysis.usual_series import limits_of_series
from alerts.models import AlertRule
from alerts.reads.measures_sums import Known, Part, Sums, sums_by_hour
from alerts.reads.measures_values import MEASURES
from monitoring.reads.figures import Totals
from monitoring.windows import HOUR, Window, floor_to

HISTORY = timedelta(weeks=4)
MAX_SUBJECTS = 50
MAX_REMEMBERED = 2_000
# Of these a window has as much as it is long; nothing of them in an hour is 0.
SUMS = frozenset({"runs", "failures", "tokens", "cost_usd", "api_calls", "storage_bytes"})

Found = Mapping[Subject, Limits]
_remembered: OrderedDict[tuple[UUID, int, datetime], Found] = OrderedDict()


def read_series(
    team_id: UUID,
    rule: AlertRule,
    part: Part,
    subjects: Collection[Subject],
    end: datetime,
    known: Known,
    of_rule: Callable[[Sums], Mapping[Subject, Totals]],
) -> Found:
    """The limits of an hour's figure by subject; `of_rule` picks the rule's subjects from sums."""
    if not 0 < len(subjects) <= MAX_SUBJECTS:
        return {}
    hour = floor_to(end, HOUR)
    key = (rule.id, rule.revision, hour)
    if key not in _remembered:
        hours = sums_by_hour(team_id, part, Window(hour - HISTORY, hour), known)
        points = _points(rule.metric, {at: of_rule(sums) for at, sums in hours.items()}, hour)
        found = {subject: limits_of_series(told, hour) for subject, told in points.items()}
        _remembered[key] = {subject: limits for subject, limits in found.items() if limits is not None}
        while len(_remembered) > MAX_REMEMBERED:
            _remembered.popitem(last=False)
    return _remembered[key]


def _points(
    metric: str, hours: Mapping[datetime, Mapping[Subject, Totals]], until: datetime
) -> dict[Subject, list[tuple[datetime, float]]]:
    """The figure of each hour since a subject was seen first."""
    told: dict[Subject, dict[datetime, float]] = {}
    for at in sorted(hours):
        for subject, totals in hours[at].items():
            value, _ = MEASURES[metric].of(totals)
            if value is not None:
                told.setdefault(subject, {})[at] = value
    if metric not in SUMS:
        return {subject: list(values.items()) for subject, values in told.items()}
    filled = {}
    for subject, values in told.items():
        first = min(values)
        every = (first + place * HOUR for place in range((until - first) // HOUR))
        filled[subject] = [(at, values.get(at, 0.0)) for at in every]
    return filled


def scaled(metric: str, limits: Limits, length: timedelta) -> Limits:
    """The limits of an hour, for a window of another length."""
    factor = length / HOUR if metric in SUMS else 1.0
    return limits[0] * factor, limits[1] * factor
