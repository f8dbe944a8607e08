"""Incidents of a window and how long they lasted."""

from datetime import timedelta

import pytest

from accounts.models import Team
from alerts.models import Incident
from alerts.reads.recovery import Recovery, recovery
from monitoring.windows import Window
from tests.alerts.opening import rule
from tests.factories import NOW

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
WEEK = Window(NOW - 7 * DAY, NOW)
pytestmark = pytest.mark.django_db


def incident(team: Team, ago: timedelta, lasted: timedelta | None, **fields: object) -> None:
    """An incident that began so long ago, was found five minutes later, and lasted so long (None: it is open)."""
    since = NOW - ago
    over = None if lasted is None else since + lasted
    told = {
        "rule": rule(team),
        "subject_id": team.id,
        "title": "x",
        "severity": "critical",
        "status": "open" if over is None else "resolved",
        "since": since,
        "opened_at": since + 5 * MINUTE,
        "updated_at": since,
        "resolved_at": over,
        **fields,
    }
    Incident.objects.create(team=team, **told)


def test_counts_and_times_are_those_of_each_window(in_team: Team) -> None:
    incident(in_team, 10 * DAY, HOUR)
    incident(in_team, 3 * DAY, 20 * MINUTE)
    incident(in_team, 2 * DAY, 40 * MINUTE)
    incident(in_team, DAY, 3 * HOUR)
    incident(in_team, HOUR, None)
    now, before = recovery(in_team.id, [WEEK, WEEK.previous()], environment="production")
    assert now == Recovery(4, 3, 40 * 60_000, 3 * 3_600_000, 1)
    assert before == Recovery(1, 1, 3_600_000, 3_600_000, 0)


def test_one_that_lasts_from_one_window_into_the_next(in_team: Team) -> None:
    incident(in_team, 7 * DAY + HOUR, 2 * HOUR)
    now, before = recovery(in_team.id, [WEEK, WEEK.previous()], environment=None)
    assert (now.opened, now.resolved, now.open_at_end) == (0, 1, 0)
    assert (before.opened, before.resolved, before.open_at_end, before.median_ms) == (1, 0, 1, None)


def test_parts_of_others_and_other_environments_are_left_out(in_team: Team) -> None:
    incident(in_team, DAY, HOUR, muted_by="parent")
    incident(in_team, DAY, HOUR, environment="staging")
    incident(in_team, DAY, HOUR, environment="production")
    (now,) = recovery(in_team.id, [WEEK], environment="production")
    assert now.opened == 1
    (anywhere,) = recovery(in_team.id, [WEEK], environment=None)
    assert anywhere.opened == 2


def test_none_is_no_time_to_recover(in_team: Team) -> None:
    assert recovery(in_team.id, [WEEK], environment="production") == [Recovery(0, 0, None, None, 0)]
