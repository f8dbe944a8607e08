"""What the failures of an incident share is told right after it opened; notices wait for that, but not for long."""

from datetime import timedelta

import pytest

from accounts.models import Team
from alerts.models import AlertDelivery, AlertDeliveryDue, Incident
from alerts.services import looking_into
from alerts.services.looking_into import HELD_FOR
from monitoring.models import Workflow
from monitoring.statuses import Status
from tests.alerts.opening import ERROR, breach, failing_at, opened, route, rule
from tests.alerts.telling import channel
from tests.factories import NOW, report, step, store

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_team")]


def failing_mostly_at_one_step(team: Team) -> Workflow:
    """Twenty runs that failed, eighteen of them when they charged the card, and sixty that passed both steps."""
    reports = []
    for number in range(80):
        failed = None if number >= 20 else "charge_card" if number < 18 else "look_up"
        steps = [
            step(node=node, status=Status.FAILED if node == failed else Status.SUCCEEDED)
            for node in ("look_up", "charge_card")
        ]
        told = {"status": Status.FAILED, "error": ERROR} if failed else {}
        reports.append(report(workflow="checkout", steps=steps, **told))
    store(team, *reports)
    return Workflow.objects.get(name="checkout")


def due() -> set[timedelta]:
    """How long after the opening notices are due."""
    return {one.due_at - NOW for one in AlertDeliveryDue.objects.all()}


def test_an_incident_and_its_notice_say_what_failures_share(team, django_capture_on_commit_callbacks) -> None:
    about, of = failing_mostly_at_one_step(team), rule(team)
    route(team, (channel(team), 0))
    with django_capture_on_commit_callbacks(execute=True):
        (one,) = opened(team, breach(of, about))
        assert one.facts["concentration"] == ""
        assert due() == {HELD_FOR}
    one.refresh_from_db()
    assert one.facts["concentration"] == "90.0% of the failures share step charge_card"
    assert AlertDelivery.objects.get().notice["concentration"] == "90.0% of the failures share step charge_card"
    assert due() == {timedelta(0)}


def test_failures_that_are_spread_say_so(team, django_capture_on_commit_callbacks) -> None:
    kinds = [Status.FAILED if number % 4 == 0 else Status.SUCCEEDED for number in range(80)]
    store(team, *(report(workflow="checkout", status=kind, steps=[step(status=kind)]) for kind in kinds))
    with django_capture_on_commit_callbacks(execute=True):
        (one,) = opened(team, breach(rule(team), Workflow.objects.get()))
    one.refresh_from_db()
    assert one.facts["concentration"] == "Not concentrated: failures are spread like all runs"


def test_where_reading_goes_wrong_the_notice_goes_without(
    team, django_capture_on_commit_callbacks, monkeypatch, caplog
) -> None:
    about = failing_mostly_at_one_step(team)
    route(team, (channel(team), 0))

    def breaks(*_: object) -> str:
        raise RuntimeError("broken")

    monkeypatch.setattr(looking_into, "concentration_line", breaks)
    with django_capture_on_commit_callbacks(execute=True):
        opened(team, breach(rule(team), about))
    assert AlertDelivery.objects.get().notice["concentration"] == ""
    assert due() == {timedelta(0)}
    assert "could not be told" in caplog.text


def test_of_a_batch_the_first_three_are_looked_into_and_the_others_do_not_wait(
    team, django_capture_on_commit_callbacks
) -> None:
    for number in range(5):
        failing_at(team, [f"w{number}"], system=f"s{number}.example")
    route(team, (channel(team), 0))
    of = rule(team)
    with django_capture_on_commit_callbacks() as callbacks:
        opened(team, *(breach(of, one) for one in Workflow.objects.order_by("name")))
    assert len(callbacks) == 1
    waits = [one.due_at - NOW for one in AlertDeliveryDue.objects.order_by("position")]
    assert sorted(waits) == [timedelta(0), timedelta(0), HELD_FOR, HELD_FOR, HELD_FOR]


def test_what_was_tried_already_keeps_its_text(team, django_capture_on_commit_callbacks) -> None:
    about = failing_mostly_at_one_step(team)
    route(team, (channel(team), 0))
    with django_capture_on_commit_callbacks(execute=True):
        opened(team, breach(rule(team), about))
        AlertDelivery.objects.update(tries=1)
    assert AlertDelivery.objects.get().notice["concentration"] == ""
    assert Incident.objects.get().facts["concentration"].startswith("90.0%")
