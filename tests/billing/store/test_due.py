"""The queue of hours: marked by the fold of records, once each, for records before lines."""

from datetime import timedelta

import pytest

from accounts.models import Team
from accounts.tenancy import team_context
from billing.models import CostDue
from billing.store import due
from monitoring.identity import workflow_id
from tests.billing.lines import HOUR
from tests.factories import NOW, report, store

pytestmark = pytest.mark.django_db


def test_the_fold_of_records_marks_the_hour_in_which_they_count(team: Team) -> None:
    """Once, although two runs changed it."""
    store(team, report(), report())
    (mark,) = CostDue.objects.all()
    assert (mark.workflow_id, mark.is_lines_only) == (workflow_id(team.id, "nightly"), False)
    assert mark.hour == NOW.replace(hour=11, minute=0)
    assert mark.due_at == NOW + due.DELAY


def test_a_price_change_does_not_hide_that_records_changed(team: Team) -> None:
    """In either order the records are read; the earlier time stays."""
    hour = (workflow_id(team.id, "nightly"), 1, HOUR)
    with team_context(team.id):
        due.mark(team.id, [hour], NOW, is_lines_only=True)
        assert CostDue.objects.get().is_lines_only
        due.mark(team.id, [hour], NOW + timedelta(hours=1))
        due.mark(team.id, [hour], NOW + timedelta(hours=2), is_lines_only=True)
    mark = CostDue.objects.get()
    assert (mark.is_lines_only, mark.due_at) == (False, NOW + due.DELAY)


def test_a_mark_while_an_hour_is_being_made_stays(team: Team) -> None:
    """It is due once more after the delay; what nobody marked is done; a lease that ended is claimed again."""
    marked, other = (workflow_id(team.id, "nightly"), 1, HOUR), (workflow_id(team.id, "nightly"), 2, HOUR)
    later = NOW + due.DELAY
    with team_context(team.id):
        due.mark(team.id, [marked, other], NOW)
        claimed = due.claim(team.id, later, later, 10)
        assert [one.hour for one in claimed] == [marked, other]
        assert due.claim(team.id, later, later, 10) == []
        due.mark(team.id, [marked], later)
        due.done(team.id, claimed, later)
        (left,) = CostDue.objects.all()
        assert (left.environment_id, left.due_at, left.leased_until) == (1, later + due.DELAY, None)
        until = later + due.DELAY
        assert len(due.claim(team.id, until, until, 10)) == 1
        assert due.due_teams(until, until) == []
        # A worker that was killed leaves figures out of date for less than a minute.
        assert due.due_teams(until, until + timedelta(seconds=40)) == [team.id]
        assert len(due.claim(team.id, until, until + timedelta(seconds=40), 10)) == 1
