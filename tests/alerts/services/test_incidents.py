"""Incidents open once, open again soon, are grouped by what fails, and resolve together with what stands for them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import AlertDelivery, Incident, IncidentEvent, IncidentStatus, Silence
from alerts.services.following import follow_due, look
from alerts.services.incident_actions import acknowledge, resolve_by_hand
from alerts.services.incidents import Changes, apply, resolve
from monitoring.models import Workflow
from tests.alerts.opening import breach, failing_at, opened, route, rule, workflow
from tests.alerts.telling import channel
from tests.factories import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_team")]


def kinds(one: Incident) -> list[str]:
    return sorted(one.events.values_list("kind", flat=True))


def test_an_incident_says_what_broke_and_how_bad(team) -> None:
    (one,) = opened(team, breach(rule(team), workflow(team)))
    assert one.title == "Error rate 12.4% of checkout"
    assert one.facts["how_bad"] == "31 of 250 runs in 5 min, limit 5.0%"
    assert one.facts["href"].startswith(f"/t/{team.slug}/workflows/checkout/failures/?from=2026-08-12T11%3A28Z&to=")
    assert kinds(one) == ["opened"]


def test_words_of_a_reading_stand_for_figures_or_beside_them(team) -> None:
    about = workflow(team)
    told = breach(rule(team), about, words="Some runs are not counted yet.")
    still = breach(rule(team, "stuck"), about, words="No report for 12 min", value=720_000.0)
    first, second = opened(team, told, still)
    assert first.facts["how_bad"] == "31 of 250 runs in 5 min, limit 5.0%. Some runs are not counted yet."
    assert second.facts["how_bad"] == "No report for 12 min"
    assert second.title == "No report while running: checkout"


def test_the_same_breach_opens_one_incident(team) -> None:
    found = breach(rule(team), workflow(team))
    (first,) = opened(team, found)
    (second,) = opened(team, found, now=NOW + timedelta(minutes=1))
    assert first.id == second.id
    assert Incident.objects.count() == 1


def test_what_fires_again_soon_is_the_same_incident(team) -> None:
    found = breach(rule(team), workflow(team))
    (one,) = opened(team, found)
    acknowledge(team_id=team.id, incident_ids=[one.id], by="a key", now=NOW)
    resolve(team.id, [one.id], NOW + timedelta(minutes=5))
    (again,) = opened(team, found, now=NOW + timedelta(minutes=14))
    assert (again.id, again.status, again.reopen_count) == (one.id, IncidentStatus.OPEN, 1)
    assert "reopened" in kinds(again)
    resolve(team.id, [one.id], NOW + timedelta(minutes=20))
    (new,) = opened(team, found, now=NOW + timedelta(minutes=31))
    assert new.id != one.id


def test_what_was_resolved_by_hand_does_not_open_again_as_the_same(team) -> None:
    found = breach(rule(team), workflow(team))
    (one,) = opened(team, found)
    resolve_by_hand(team_id=team.id, incident_ids=[one.id], by="a key", now=NOW)
    (new,) = opened(team, found, now=NOW + timedelta(minutes=1))
    assert new.id != one.id


def test_workflows_that_fail_at_one_system_count_to_one_incident(team) -> None:
    failing_at(team, ["checkout", "refund", "invoice"])
    error_rate, about = rule(team), Workflow.objects.order_by("name")
    hook = channel(team)
    route(team, (hook, 0))
    incidents = opened(team, *(breach(error_rate, one) for one in about))
    (lead,) = Incident.objects.filter(rule__isnull=True)
    assert lead.title == "api.payments.example fails: 3 workflows"
    assert lead.facts["how_bad"] == "12 of 12 calls failed lately"
    assert lead.facts["href"] == f"/t/{team.slug}/systems/api.payments.example/"
    assert {(one.parent_id, one.muted_by) for one in incidents} == {(lead.id, "parent")}
    (delivery,) = AlertDelivery.objects.all()
    assert (delivery.incident_id, delivery.notice["what"]) == (lead.id, lead.title)
    first, *rest = [one.id for one in incidents]
    resolve(team.id, [first], NOW + timedelta(minutes=1))
    lead.refresh_from_db()
    assert lead.status == IncidentStatus.OPEN
    resolve(team.id, rest, NOW + timedelta(minutes=2))
    lead.refresh_from_db()
    assert lead.status == IncidentStatus.RESOLVED
    assert [one.kind for one in AlertDelivery.objects.order_by("created_at")] == ["opened", "resolved"]


def test_a_second_workflow_joins_what_opened_before(team) -> None:
    failing_at(team, ["checkout", "refund"])
    error_rate = rule(team)
    checkout, refund = Workflow.objects.order_by("name")
    (alone,) = opened(team, breach(error_rate, checkout))
    assert alone.parent_id is None
    (joined,) = opened(team, breach(error_rate, refund), now=NOW + timedelta(minutes=1))
    alone.refresh_from_db()
    assert joined.parent_id == alone.parent_id is not None
    assert alone.parent.title == "api.payments.example fails: 2 workflows"


def test_one_failing_workflow_alone_is_not_grouped(team) -> None:
    failing_at(team, ["checkout"])
    failing_at(team, ["refund"], system="api.other.example")
    about = Workflow.objects.order_by("name")
    error_rate = rule(team)
    assert [one.parent_id for one in opened(team, *(breach(error_rate, one) for one in about))] == [None, None]


def test_a_rule_about_the_system_stands_for_its_workflows(team) -> None:
    failing_at(team, ["checkout"])
    of_system = rule(team, is_per_workflow=False, scope="system", name="Payments")
    (lead,) = opened(team, breach(of_system, None, "api.payments.example"))
    (one,) = opened(team, breach(rule(team), Workflow.objects.get()))
    assert (one.parent_id, one.muted_by) == (lead.id, "parent")
    assert not Incident.objects.filter(rule__isnull=True).exists()


def test_many_failures_stand_for_the_last_one(team) -> None:
    about = workflow(team)
    last, rate = rule(team, "last_run_failed", severity="warning"), rule(team)
    (minor,) = opened(team, breach(last, about, value=1.0))
    assert minor.muted_by == ""
    (major,) = opened(team, breach(rate, about))
    minor.refresh_from_db()
    assert (minor.parent_id, minor.muted_by) == (major.id, "parent")
    assert major.muted_by == ""


def test_the_whole_team_stands_for_its_workflows(team) -> None:
    whole, each = rule(team, is_per_workflow=False), rule(team, severity="warning")
    lead, one = opened(team, breach(whole), breach(each, workflow(team)))
    assert one.parent_id == lead.id


def test_what_still_stands_when_its_parent_is_over_is_told(team) -> None:
    about, hook = workflow(team), channel(team)
    route(team, (hook, 0))
    major, minor = opened(
        team, breach(rule(team), about), breach(rule(team, "failed_in_a_row", severity="warning"), about, value=2.0)
    )
    assert minor.muted_by == "parent"
    resolve(team.id, [major.id], NOW + timedelta(minutes=1))
    look(team.id, [minor.id], NOW + timedelta(minutes=3))
    minor.refresh_from_db()
    assert minor.muted_by == ""
    told = AlertDelivery.objects.filter(incident=minor).values_list("kind", flat=True)
    assert list(told) == ["opened"]


def test_nothing_opens_in_a_maintenance_window_and_what_holds_at_its_end_does(team) -> None:
    about, of = workflow(team), rule(team)
    Silence.objects.create(
        team=team,
        kind="maintenance",
        reason="Moving",
        matchers={"workflow": ["checkout"]},
        starts_at=NOW - timedelta(minutes=5),
        ends_at=NOW + timedelta(minutes=30),
    )
    found = breach(of, about)
    other = breach(of, workflow(team, "refund"))
    assert list(apply(team.id, Changes(opened=[found, other]), NOW)) == [other.subject_id]
    after = NOW + timedelta(minutes=31)
    (one,) = opened(team, found, now=after)
    assert (one.workflow_id, one.opened_at) == (about.id, after)


def test_what_was_over_when_it_was_found_says_so(team) -> None:
    found = breach(rule(team), workflow(team), ended_at=NOW - timedelta(minutes=1))
    (one,) = opened(team, found)
    assert one.status == IncidentStatus.RESOLVED
    assert one.events.get(kind="resolved").text == (
        "Over when it was found: it lasted from 12 August 2026 11:58 to 11:59 UTC."
    )


def test_a_batch_takes_as_many_statements_as_one(team) -> None:
    of, hook = rule(team), channel(team)
    route(team, (hook, 0))
    every = [breach(of, workflow(team, f"w{number}")) for number in range(21)]
    opened(team, breach(rule(team), workflow(team, "first")))

    def statements(found) -> int:
        with CaptureQueriesContext(
            connection,
        ) as told:
            apply(team.id, Changes(opened=found), NOW)
        return len(told)

    assert statements(every[:1]) == statements(every[1:21])


def test_a_storm_is_told_in_a_few_notices_and_nothing_is_lost(team) -> None:
    of, hook = rule(team), channel(team)
    route(team, (hook, 0))
    abouts = Workflow.objects.bulk_create(
        Workflow(team=team, name=f"w{number}", slug=f"w{number}") for number in range(1000)
    )
    found = apply(team.id, Changes(opened=[breach(of, one) for one in abouts]), NOW)
    assert len(found) == Incident.objects.count() == 1000
    told = list(AlertDelivery.objects.order_by("kind"))
    assert [one.kind for one in told] == ["digest", *["opened"] * 10]
    assert told[0].notice["count"] == 990
    assert told[0].notice["what"] == "990 incidents opened"
    assert IncidentEvent.objects.filter(kind="notified").count() == 1000
    resolve(team.id, [one.id for one in found.values()], NOW + timedelta(minutes=5))
    assert AlertDelivery.objects.filter(kind="resolved").count() == 10
    follow_due(NOW + timedelta(minutes=7), seconds=20)
    over = AlertDelivery.objects.filter(kind="digest").order_by("created_at").last()
    assert over.notice["what"] == "990 incidents resolved"
