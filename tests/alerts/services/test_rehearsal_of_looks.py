"""Rehearsals of failure groups and error budgets fire where evaluating minute by minute does."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from accounts.models import Team
from accounts.tenancy import team_context
from alerts.models import AlertRule, Incident
from alerts.reads import measures_burn
from alerts.reads import rehearsal as records
from alerts.services.evaluation import ensure_due, evaluate_team
from alerts.services.rehearsal import rehearse_rule
from alerts.views.rehearsal_words import answer, looked_words
from alerts.views.subjects import names_of, subject_words
from ingestion.records import Failure
from monitoring.analysis.triage import NO_TERMS, EventKind, Terms
from monitoring.identity import workflow_id
from monitoring.models import FailureGroup, Workflow
from monitoring.services import triage, triage_watch
from monitoring.statuses import Status
from monitoring.store.rollups import fold_all
from tests.factories import NOW, report, send

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BEGIN = NOW - 4 * HOUR


def at(minutes: float) -> datetime:
    return BEGIN + minutes * MINUTE


def fails(team: Team, minutes: float, error: str, **fields: Any) -> None:
    """A run that fails so many minutes after the beginning, of a workflow that is known for long."""
    told = {"status": Status.FAILED, "error": Failure(message=error), "started_at": at(minutes - 1)}
    send(team, report(**{**told, "finished_at": at(minutes), **fields}), now=at(minutes))
    with team_context(team.id):
        Workflow.objects.update(created_at=BEGIN - 60 * DAY)


def decides(team: Team, minutes: float, error: str, kind: EventKind, terms: Terms = NO_TERMS) -> None:
    """Somebody decides about the group of an error."""
    with team_context(team.id):
        ids = [FailureGroup.objects.get(title__contains=error).id]
        triage.decide(team_id=team.id, group_ids=ids, kind=kind, terms=terms, by="key", now=at(minutes))


def made(team: Team, metric: str, **fields: Any) -> AlertRule:
    """A rule that looks first at the beginning."""
    told = {"name": metric, "metric": metric, "threshold": 0.0, "window_s": 0, "environment": "production"}
    with team_context(team.id):
        one = AlertRule.objects.create(team=team, **{**told, "created_at": BEGIN, "updated_at": BEGIN, **fields})
        ensure_due(team.id, [one.id], BEGIN)
    return one


def played(team: Team, rules: list[AlertRule], happens: dict[float, list[Callable[[float], None]]]) -> None:
    """Four hours, minute by minute: what happened in it, then triage and the evaluation."""
    left = sorted(happens)
    for minute in range(241):
        while left and left[0] <= minute:
            moment = left.pop(0)
            for one in happens[moment]:
                one(moment)
        triage_watch.follow(at(minute))
        evaluate_team(team.id, at(minute))


Told = list[tuple[UUID, str, datetime, datetime | None]]


def opened(rule: AlertRule) -> Told:
    """The incidents of a rule: workflow, value, from when to when."""
    with team_context(rule.team_id):
        found = Incident.objects.filter(rule=rule).order_by("opened_at", "value_text")
        return [(one.workflow_id, one.value_text, one.opened_at, one.resolved_at) for one in found]


def rehearsed(rule: AlertRule) -> Told:
    with team_context(rule.team_id):
        found = rehearse_rule(rule.team_id, rule, NOW).firings
        told = [(one.subject.workflow_id, one.subject.value, one.opened_at, one.until) for one in found]
    return sorted(told, key=lambda one: (one[2], one[1]))


def test_failure_groups_fire_where_a_rule_that_looks_each_minute_fired(team: Team) -> None:
    new, back = made(team, "new_group"), made(team, "returned_group")
    slow, elsewhere = made(team, "new_group", for_s=900), made(team, "new_group", environment="staging")

    def fail(error: str, **fields: Any) -> Callable[[float], None]:
        return lambda minute: fails(team, minute, error, **fields)

    def decide(error: str, kind: EventKind, terms: Terms = NO_TERMS) -> Callable[[float], None]:
        return lambda minute: decides(team, minute, error, kind, terms)

    happens = {
        5.5: [fail("timeout of crm"), fail("card refused"), fail("imported", is_imported=True)],
        6.25: [fail("only in staging", environment="staging"), fail("no such file", workflow="other")],
        12: [decide("card refused", EventKind.RESOLVED)],
        20: [decide("no such file", EventKind.IGNORED, Terms(until_at=at(50)))],
        30.5: [fail("timeout of crm"), fail("no such file", workflow="other")],
        41.5: [fail("card refused")],
        55.75: [fail("no such file", workflow="other")],
        100.5: [decide("card refused", EventKind.RESOLVED)],
        130.5: [fail("timeout of crm"), fail("out of memory")],
        150.5: [fail("card refused"), fail("out of memory")],
    }
    played(team, [new, back, slow, elsewhere], happens)

    assert [rehearsed(one) for one in (new, back, slow, elsewhere)] == [
        opened(one) for one in (new, back, slow, elsewhere)
    ]
    assert [len(opened(one)) for one in (new, back, slow, elsewhere)] == [4, 2, 4, 1]


def test_it_says_how_often_and_names_the_groups(team: Team) -> None:
    one = made(team, "new_group")
    fails(team, 5.5, "timeout of crm")
    with team_context(team.id):
        found = rehearse_rule(team.id, one, NOW)
        assert answer(found) == (
            "It would have fired once in the last 30 days, for 1 h, and sent 2 notices to each channel."
        )
        assert found.advised is None
        (firing,) = found.firings
        about = subject_words(firing.subject.workflow_id, firing.subject.value, one.scope, names_of(team.id, [found]))
        assert about == "nightly, “timeout of crm”"
        assert looked_words(found) == [
            "13 Jul, 12:00 UTC to 12 Aug, 12:00 UTC: single runs, budgets or failure groups, looked at each minute."
        ]


def test_a_month_without_a_new_group_is_an_answer(team: Team) -> None:
    one = made(team, "returned_group")
    fails(team, 5.5, "timeout of crm")
    with team_context(team.id):
        assert answer(rehearse_rule(team.id, one, NOW)) == "It would not have fired in the last 30 days."


def test_more_groups_than_are_read_is_said(team: Team, monkeypatch) -> None:
    one = made(team, "new_group")
    for number in range(3):
        fails(team, 5.5 + number, "abc"[number] * 9)
    monkeypatch.setattr("alerts.reads.rehearsal_groups.MAX_SUBJECTS", 2)
    with team_context(team.id):
        found = rehearse_rule(team.id, one, NOW)
    assert (found.is_cut, len(found.tracks)) == (True, 2)


def test_error_budgets_burn_as_each_look_said(team: Team) -> None:
    one = made(team, "burn_rate", created_at=BEGIN - 60 * DAY)
    looks, last = [], NOW - 81 * HOUR
    # Hours of history, then some minutes at a time, in which failures begin and end.
    for moment in (NOW - 4 * HOUR, *(NOW - minutes * MINUTE for minutes in range(233, -1, -7))):
        is_bad = NOW - 3 * HOUR < moment <= NOW - 2 * HOUR
        ends = [last + number * 2 * MINUTE + MINUTE / 2 for number in range((moment - last) // (2 * MINUTE))]
        kinds = [Status.FAILED if is_bad or number % 90 == 0 else Status.SUCCEEDED for number in range(len(ends))]
        told = zip(kinds, ends, strict=True)
        send(team, *(report(status=kind, started_at=end - MINUTE, finished_at=end) for kind, end in told), now=moment)
        fold_all(moment)
        with team_context(team.id):
            Workflow.objects.update(objective_success_rate=0.98)
            looks += measures_burn.read(team.id, [one], moment)[one.id]
        last = moment
    with team_context(team.id):
        (track,) = rehearse_rule(team.id, one, NOW).tracks
    (part,) = track.stretches
    for look in looks:
        mine = part.reading(track.subject, (look.at - part.first) // MINUTE)
        assert mine.value == pytest.approx(look.value), look.at
        assert (mine.at, mine.samples, mine.high) == (look.at, look.samples, look.high), look.at
    assert {look.high for look in looks} >= {None, 6.0, 14.4}


def test_budgets_are_read_by_the_hour_where_records_are_too_many(team: Team, monkeypatch) -> None:
    one = made(team, "burn_rate")
    for begin, count, status in (
        (NOW - 20 * DAY, 60, Status.FAILED),
        (NOW - 20 * DAY + 2 * HOUR, 60, Status.SUCCEEDED),
        (NOW - 5 * DAY, 9, Status.SUCCEEDED),
    ):
        moments = [begin + number * MINUTE for number in range(count)]
        send(team, *(report(status=status, started_at=end - MINUTE, finished_at=end) for end in moments), now=NOW)
    fold_all(NOW)
    monkeypatch.setattr(records, "MAX_RUNS", 10)
    with team_context(team.id):
        Workflow.objects.update(objective_success_rate=0.9)
        found = rehearse_rule(team.id, one, NOW)
    assert [looked.grain for looked in found.looked] == [HOUR, MINUTE]
    first = found.firings[0]
    assert first.subject.workflow_id == workflow_id(team.id, "nightly")
    assert first.opened_at == NOW - 20 * DAY + HOUR
    assert looked_words(found)[0].endswith(
        "budgets from figures by the hour, looked at each hour; windows of less are a whole one."
    )


def test_budgets_are_read_by_the_hour_where_records_take_too_long(team: Team, monkeypatch) -> None:
    from django.db import OperationalError

    one = made(team, "burn_rate")
    moments = [NOW - 10 * DAY + number * MINUTE for number in range(60)]
    send(team, *(report(status=Status.FAILED, started_at=end - MINUTE, finished_at=end) for end in moments), now=NOW)
    fold_all(NOW)

    def slow(*_: object) -> None:
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr(records, "by_minute", slow)
    with team_context(team.id):
        Workflow.objects.update(objective_success_rate=0.9)
        found = rehearse_rule(team.id, one, NOW)
    assert found.was_slow
    assert [one.opened_at for one in found.firings] == [NOW - 10 * DAY + HOUR]
