"""Merged failure groups are one group in every read, and splitting gives everything back."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import Team
from accounts.tenancy import team_context
from monitoring.analysis.signals import Cause
from monitoring.filters import Choice, Filters
from monitoring.models import FailureGroup, Workflow
from monitoring.reads import executions
from monitoring.reads.cause_facts import course_of
from monitoring.reads.classifications import agreement_of, decisions_about, decisions_in_group
from monitoring.reads.cuts import Cut
from monitoring.reads.failure_group import diagnoses_of, find_group, releases_of
from monitoring.reads.groups import failure_groups
from monitoring.reads.merged import members_of, roots_of
from monitoring.reads.onsets import _new_groups
from monitoring.reads.rollup_rows import Pending
from monitoring.services.classification import Subject, decide
from monitoring.services.diagnosis import diagnose_due
from monitoring.services.group_merging import merge, split
from monitoring.services.triage import TriageRefused
from monitoring.windows import Window
from tests.factories import NOW, TeamFactory, store
from tests.monitoring.services.test_triage import HOUR, fail, group_of

pytestmark = pytest.mark.django_db
WINDOW = Window(NOW - timedelta(days=1), NOW + timedelta(days=1))


@pytest.fixture
def pair(team: Team) -> tuple[UUID, UUID]:
    """Two groups of one workflow: `company` failed twice in release 42, `budget` once in release 43, earlier."""
    fail(team, NOW - HOUR, release="42")
    fail(team, NOW - 2 * HOUR, release="42")
    fail(team, NOW - 3 * HOUR, release="43", error="budget", node="spend")
    store(team, now=NOW)
    diagnose_due(NOW + timedelta(seconds=11), seconds=60)
    return group_of(team, "company"), group_of(team, "budget")


def join(team: Team, *ids: UUID, into: UUID | None = None) -> UUID:
    with team_context(team.id):
        return merge(team_id=team.id, group_ids=ids, into=into, by="key", now=NOW)


def test_each_read_sees_one_group(team: Team, pair: tuple[UUID, UUID]) -> None:
    company, budget = pair
    assert join(team, company, budget, into=company) == company
    with team_context(team.id):
        workflow = Workflow.objects.get()
        for asked in pair:
            found = find_group(team.id, asked)
            assert found is not None
            assert (found.id, found.node, len(found.merged)) == (company, "score", 1)
            assert (found.first_seen_at, found.last_seen_at) == (NOW - 3 * HOUR, NOW - HOUR)
            assert [(row.release, row.failures) for row in releases_of(team.id, asked)] == [("42", 2), ("43", 1)]
            assert len(diagnoses_of(team.id, asked)) == 3
            assert sum(x for x, _ in course_of(team.id, asked, workflow.id, NOW).by_bucket) == 3
            filters = Filters(WINDOW, {"group": Choice((str(asked),))})
            assert len(executions.page(team.id, filters).rows) == 3
            assert executions.count(team.id, filters) == 3
        page = failure_groups(team.id, workflow, Filters(WINDOW))
        assert [(row.id, row.failures, row.node) for row in page.groups] == [(company, 3, "score")]
        assert (page.group_count, page.groups[0].first_seen_at) == (1, NOW - 3 * HOUR)


def test_decisions_about_either_count_for_both(team: Team, pair: tuple[UUID, UUID]) -> None:
    company, budget = pair
    with team_context(team.id):
        for group, cause in ((company, "latency"), (budget, "process design")):
            subject = Subject(team.id, None, group)
            decide(subject=subject, cause=cause, suggested=Cause.DESIGN, note="", by="key", now=NOW)
        assert agreement_of(team.id)[0].decided == 2
    join(team, company, budget)
    with team_context(team.id):
        assert len(decisions_in_group(team.id, company)) == 2
        assert len(decisions_about(team.id, UUID(int=1), budget)) == 2
        assert agreement_of(team.id)[0].decided == 1
        assert agreement_of(team.id, group_id=budget)[0].decided == 1


def test_later_failures_go_on_to_the_merged_group_and_split_gives_all_back(team: Team, pair: tuple[UUID, UUID]) -> None:
    company, budget = pair
    root = join(team, company, budget)
    assert root == budget
    fail(team, NOW + HOUR)
    with team_context(team.id):
        assert sum(row.failures for row in releases_of(team.id, root)) == 4
        split(team_id=team.id, group_id=company, members=[company], by="key", now=NOW)
        assert [sum(row.failures for row in releases_of(team.id, one)) for one in pair] == [3, 1]
        with pytest.raises(TriageRefused, match="members must be merged into this group"):
            split(team_id=team.id, group_id=company, by="key", now=NOW)


def test_a_merged_group_is_new_only_where_none_of_its_parts_was_seen_before(
    team: Team, pair: tuple[UUID, UUID]
) -> None:
    company, budget = pair
    since = Window(NOW - 2 * HOUR - HOUR / 2, NOW)

    def new_groups() -> list[tuple[str, datetime]]:
        with team_context(team.id):
            cut = Cut(team.id, Workflow.objects.get().id, since, None, Pending())
            return [(event.reference, event.at) for event in _new_groups(cut)]

    assert new_groups() == [(str(company), NOW - 2 * HOUR)]
    join(team, company, budget, into=company)
    assert new_groups() == []


def test_a_group_whose_own_failures_are_gone_keeps_its_parts(team: Team, pair: tuple[UUID, UUID]) -> None:
    company, budget = pair
    join(team, company, budget, into=company)
    with team_context(team.id):
        FailureGroup.objects.filter(id=company).delete()
        found = find_group(team.id, budget)
        assert found is not None
        assert (found.id, found.node) == (company, "spend")


def test_another_team_is_not_merged(team: Team, other_team, pair: tuple[UUID, UUID]) -> None:
    join(team, *pair)
    with team_context(other_team.team.id):
        assert roots_of(other_team.team.id, list(pair)) == {one: one for one in pair}
        assert find_group(other_team.team.id, pair[0]) is None


def test_a_merger_costs_no_query(team: Team, pair: tuple[UUID, UUID]) -> None:
    def queries_made() -> int:
        with team_context(team.id), CaptureQueriesContext(connection) as queries:
            failure_groups(team.id, Workflow.objects.get(), Filters(WINDOW))
            find_group(team.id, pair[0])
        return len(queries)

    before = queries_made()
    join(team, *pair)
    assert queries_made() == before


class TestMergers(TestCase):
    """Whatever is merged and split in whatever order: one step leads to the root, and parts are disjoint."""

    @given(
        st.lists(st.tuples(st.sampled_from("ms"), st.integers(0, 4), st.integers(0, 4)), max_size=8),
    )
    def test_mergers_stay_flat(self, moves: list[tuple[str, int, int]]) -> None:
        team = TeamFactory()
        with team_context(team.id):
            groups = [
                FailureGroup.objects.create(team=team, title=str(n), first_seen_at=NOW, last_seen_at=NOW)
                for n in range(5)
            ]
            ids = [group.id for group in groups]
            of = {id: {id} for id in ids}
            for kind, one, other in moves:
                first, second = (next(root for root in of if ids[n] in of[root]) for n in (one, other))
                if kind == "m" and first != second:
                    assert (
                        merge(team_id=team.id, group_ids=ids[one : one + 1], into=ids[other], by="k", now=NOW) == second
                    )
                    of[second] |= of.pop(first)
                elif kind == "s" and len(of[first]) > 1:
                    split(team_id=team.id, group_id=ids[one], by="k", now=NOW)
                    of |= {id: {id} for id in of[first]}
            for root, members in of.items():
                assert set(members_of(team.id, root)) == members
                assert {roots_of(team.id, [id])[id] for id in members} == {root}
