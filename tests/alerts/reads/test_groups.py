"""Failure groups that are new or back, as rules see them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from alerts.analysis.readings import Reading, Subject
from alerts.identity import subject_id
from alerts.models import AlertRule, AlertState, RuleDue
from alerts.reads import groups
from ingestion.records import Failure
from monitoring.analysis.triage import EventKind, Terms
from monitoring.identity import workflow_id
from monitoring.models import FailureGroup, GroupTriage, Workflow
from monitoring.services import group_merging, triage, triage_watch
from monitoring.statuses import Status
from tests.alerts.rules import rule
from tests.factories import NOW, report, send

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


def failed(team: Team, error: str, ago: timedelta, **fields: Any) -> None:
    """A run that failed so long ago, of a workflow that is known for long."""
    end = NOW - ago
    told = {"status": Status.FAILED, "error": Failure(message=error), "started_at": end - MINUTE, "finished_at": end}
    send(team, report(**{**told, **fields}), now=end)
    Workflow.objects.update(created_at=NOW - 60 * DAY)


def group_of(error: str) -> FailureGroup:
    return FailureGroup.objects.get(title__contains=error)


def read(team: Team, one: AlertRule) -> list[Reading]:
    return groups.read(team.id, [one], NOW)[one.id]


def fires(one: AlertRule, group: FailureGroup) -> None:
    """The group fires by the rule, as an evaluation leaves it."""
    state = {"rule": one, "workflow_id": group.workflow_id, "value_text": str(group.id), "state": "firing"}
    id = subject_id(one.id, group.workflow_id, str(group.id))
    AlertState.objects.create(team_id=one.team_id, id=id, since=NOW, at=NOW, **state)


class TestNewGroup:
    """A failure that was not seen before."""

    def test_its_failures_of_the_last_hour(self, in_team: Team) -> None:
        failed(in_team, "timeout of crm", 9 * MINUTE)
        failed(in_team, "timeout of crm", 4 * MINUTE)
        (found,) = read(in_team, rule(in_team, "new_group", threshold=0))
        group = group_of("crm")
        assert found.subject == Subject(workflow_id(in_team.id, "nightly"), str(group.id))
        assert (found.value, found.since, len(found.execution_ids)) == (2, NOW - 9 * MINUTE, 2)
        assert found.words == "“timeout of crm” was not seen before: 2 failures in the last hour"

    def test_one_that_is_known_is_not_new(self, in_team: Team) -> None:
        failed(in_team, "old", 3 * DAY)
        failed(in_team, "old", 4 * MINUTE)
        assert read(in_team, rule(in_team, "new_group")) == []

    def test_it_goes_on_until_it_was_quiet_for_an_hour(self, in_team: Team) -> None:
        made = rule(in_team, "new_group")
        failed(in_team, "loud", 5 * HOUR)
        failed(in_team, "loud", 59 * MINUTE)
        failed(in_team, "quiet", 5 * HOUR)
        failed(in_team, "quiet", 61 * MINUTE)
        assert read(in_team, made) == []
        for error in ("loud", "quiet"):
            fires(made, group_of(error))
        (found,) = read(in_team, made)
        assert (found.subject.value, found.value) == (str(group_of("loud").id), 1)

    def test_one_that_it_told_of_is_not_new_again(self, in_team: Team) -> None:
        made = rule(in_team, "new_group")
        failed(in_team, "a", 50 * MINUTE)
        assert len(read(in_team, made)) == 1
        fires(made, group_of("a"))
        AlertState.objects.update(state="ok")
        assert read(in_team, made) == []

    def test_states_of_what_the_rule_was_about_before_do_not_matter(self, in_team: Team) -> None:
        made = rule(in_team, "new_group")
        failed(in_team, "a", 5 * MINUTE)
        fires(made, group_of("a"))
        AlertState.objects.update(value_text="gpt-4o")
        assert len(read(in_team, made)) == 1

    def test_what_was_missed_in_an_outage_is_made_up(self, in_team: Team) -> None:
        made = rule(in_team, "new_group")
        failed(in_team, "a", 3 * HOUR)
        failed(in_team, "a", 10 * MINUTE)
        due = RuleDue.objects.create(rule_id=made.id, team=in_team, due_at=NOW, evaluated_until=NOW - MINUTE)
        assert read(in_team, made) == []
        due.evaluated_until = NOW - 4 * HOUR
        due.save()
        assert [one.value for one in read(in_team, made)] == [1]

    def test_an_ignored_or_resolved_one_is_silent(self, in_team: Team) -> None:
        for error, kind in (("a", EventKind.IGNORED), ("b", EventKind.RESOLVED), ("c", EventKind.REVIEWED)):
            failed(in_team, error * 9, 5 * MINUTE)
            told = {"group_ids": [group_of(error * 9).id], "kind": kind, "terms": Terms(), "by": "key"}
            triage.decide(team_id=in_team.id, now=NOW, **told)
        assert [one.subject.value for one in read(in_team, rule(in_team, "new_group"))] == [str(group_of("c" * 9).id)]

    def test_a_merged_one_counts_as_the_other(self, in_team: Team) -> None:
        failed(in_team, "first", 3 * DAY)
        failed(in_team, "second", 5 * MINUTE)
        first, second = group_of("first").id, group_of("second").id
        group_merging.merge(team_id=in_team.id, group_ids=[second, first], into=first, by="key", now=NOW)
        assert read(in_team, rule(in_team, "new_group")) == []

    def test_on_its_first_day_each_failure_of_a_workflow_is_new(self, in_team: Team) -> None:
        failed(in_team, "a", 5 * MINUTE)
        Workflow.objects.update(created_at=NOW - 23 * HOUR)
        assert read(in_team, rule(in_team, "new_group")) == []

    def test_imported_history_is_nothing_new(self, in_team: Team) -> None:
        failed(in_team, "a", 5 * MINUTE, is_imported=True)
        assert read(in_team, rule(in_team, "new_group")) == []

    def test_by_workflow_and_environment(self, in_team: Team) -> None:
        failed(in_team, "a", 5 * MINUTE)
        failed(in_team, "b", 5 * MINUTE, workflow="other", environment="staging")
        told = [rule(in_team, "new_group", "other", environment=name) for name in ("production", "staging", "")]
        assert [len(read(in_team, one)) for one in told] == [0, 1, 1]
        assert len(read(in_team, rule(in_team, "new_group", environment=""))) == 2


class TestReturnedGroup:
    """A failure that was resolved and is back."""

    def test_from_when_it_was_found_to_be_back(self, in_team: Team) -> None:
        failed(in_team, "timeout", 3 * DAY)
        told = {"group_ids": [group_of("timeout").id], "kind": EventKind.RESOLVED, "terms": Terms(), "by": "key"}
        triage.decide(team_id=in_team.id, now=NOW - 2 * DAY, **told)
        made = rule(in_team, "returned_group", threshold=0)
        assert read(in_team, made) == []
        failed(in_team, "timeout", 5 * MINUTE)
        triage_watch.follow(NOW - MINUTE)
        assert GroupTriage.objects.get().status == "reopened"
        (found,) = read(in_team, made)
        assert (found.value, found.since) == (1, NOW - MINUTE)
        assert found.words == "“timeout” is back after it was resolved: 1 failure in the last hour"
        triage.decide(team_id=in_team.id, now=NOW, **told)
        assert read(in_team, made) == []


@pytest.mark.parametrize("count", [1, 20])
def test_constant_queries_for_all_rules(in_team: Team, count: int) -> None:
    for number in range(count):
        failed(in_team, "error", 5 * MINUTE, workflow=f"w{number}")
    metrics = ("new_group", "returned_group")
    rules = [rule(in_team, metric, f"w{number}") for number in range(count) for metric in metrics]
    with CaptureQueriesContext(connection) as queries:
        found = groups.read(in_team.id, rules, NOW)
    assert sum(map(len, found.values())) == count
    assert len(queries) == 5
