"""Taking reports in: what is stored, what counts as a duplicate, what happens to broken items."""

import pytest

from accounts.models import Team
from accounts.tenancy import team_context
from monitoring.models import Execution, Step
from monitoring.statuses import Status
from tests.factories import report, send, step, store

pytestmark = pytest.mark.django_db


def test_a_report_is_stored_and_then_a_duplicate(team: Team) -> None:
    told = report(steps=[step(), step()], tags={"customer": "north"})
    first, second = store(team, told), store(team, told)
    assert (first.stored, first.duplicate, first.rejected) == (1, 0, [])
    assert (second.stored, second.duplicate, second.rejected) == (0, 1, [])
    with team_context(team.id):
        execution = Execution.objects.get()
        assert (execution.status, execution.step_count, execution.duration_ms) == (Status.SUCCEEDED, 2, 120_000)
        assert Step.objects.count() == 2


def test_equal_items_of_one_request_are_stored_once(team: Team) -> None:
    told, other = report(), report()
    outcome = send(team, told, other, told)
    assert (outcome.stored, outcome.duplicate) == (2, 1)
