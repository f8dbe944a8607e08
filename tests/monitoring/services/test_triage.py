"""Deciding about groups, and what the beat finds: ends of ignoring and regressions, on real records."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from accounts.models import Membership, Team, User
from accounts.tenancy import team_context
from ingestion.records import Failure
from monitoring.analysis.triage import NO_TERMS, EventKind, Terms, TriageStatus
from monitoring.identity import NO_WORKFLOW
from monitoring.models import FailureGroup, GroupEvent
from monitoring.reads.silence import is_silenced, silenced
from monitoring.reads.triage import history_of, triage_of
from monitoring.services.group_merging import merge
from monitoring.services.triage import TriageRefused, assign, decide
from monitoring.services.triage_request import perform, read_terms
from monitoring.services.triage_watch import follow
from monitoring.statuses import Status
from tests.factories import NOW, report, send, step

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
_numbers = iter(range(10**6))


def fail(team: Team, at: datetime, *, release: str | None = None, error: str = "company", node: str = "score") -> None:
    """A failed execution that counts at a moment."""
    lost = Failure(type="KeyError", message=error)
    steps = [step(id="s", node=node, status=Status.FAILED, error=lost, started_at=at, ended_at=at)]
    told = {"workflow": "Lead", "release": release, "status": Status.FAILED, "steps": steps}
    send(team, report(id=f"t-{next(_numbers)}", started_at=at, finished_at=at, **told), now=max(at, NOW))


def succeed(team: Team, at: datetime, release: str) -> None:
    """A succeeded execution, which makes a release live."""
    name = f"t-{next(_numbers)}"
    send(team, report(id=name, workflow="Lead", release=release, started_at=at, finished_at=at), now=max(at, NOW))


def group_of(team: Team, title: str = "company") -> UUID:
    with team_context(team.id):
        return FailureGroup.objects.get(title__contains=title).id


def change(team: Team, group: UUID, kind: EventKind, terms: Terms = NO_TERMS, at: datetime = NOW) -> None:
    with team_context(team.id):
        decide(team_id=team.id, group_ids=[group], kind=kind, terms=terms, by="key", now=at)


def status_of(team: Team, group: UUID) -> TriageStatus:
    with team_context(team.id):
        found = triage_of(team.id, [group]).get(group)
    return found.status if found else TriageStatus.OPEN


def newest(team: Team, group: UUID):
    with team_context(team.id):
        return history_of(team.id, group)[0]


@pytest.fixture
def group(team: Team) -> UUID:
    """A group that failed in release 42."""
    fail(team, NOW - HOUR, release="42")
    return group_of(team)


def test_decisions_are_kept_with_who_and_when(team: Team, member: User, group: UUID) -> None:
    with team_context(team.id):
        for number, kind in enumerate((EventKind.REVIEWED, EventKind.RESOLVED)):
            at = NOW + number * MINUTE
            decide(team_id=team.id, group_ids=[group], kind=kind, terms=NO_TERMS, by=member, now=at)
        told = history_of(team.id, group)
    assert [(one.kind, one.by) for one in told] == [
        (EventKind.RESOLVED, member.email),
        (EventKind.REVIEWED, member.email),
    ]
    assert status_of(team, group) is TriageStatus.RESOLVED


def test_reviewing_what_is_decided_changes_nothing(team: Team, group: UUID) -> None:
    change(team, group, EventKind.IGNORED)
    with team_context(team.id):
        outcome = decide(team_id=team.id, group_ids=[group], kind=EventKind.REVIEWED, terms=NO_TERMS, by="key", now=NOW)
        assert (outcome.changed, outcome.unchanged) == (0, 1)
        assert GroupEvent.objects.count() == 1


def test_only_members_are_assigned(team: Team, member: User, stranger: User, group: UUID) -> None:
    with team_context(team.id):
        assign(team_id=team.id, group_ids=[group], assignee=member.id, by="key", now=NOW)
        assert triage_of(team.id, [group])[group].assignee == member.email
        with pytest.raises(TriageRefused, match="assignee must be a member"):
            assign(team_id=team.id, group_ids=[group], assignee=stranger.id, by="key", now=NOW)
        Membership.objects.filter(user=member).delete()
        member.delete()
        assert triage_of(team.id, [group])[group].assignee == "a removed user"


def test_groups_of_another_team_are_not_known(team: Team, other_team, group: UUID) -> None:
    with team_context(other_team.team.id), pytest.raises(TriageRefused, match="not known"):
        decide(
            team_id=other_team.team.id, group_ids=[group], kind=EventKind.RESOLVED, terms=NO_TERMS, by="key", now=NOW
        )
    with team_context(team.id), pytest.raises(TriageRefused, match="from 1 to"):
        decide(team_id=team.id, group_ids=[], kind=EventKind.RESOLVED, terms=NO_TERMS, by="key", now=NOW)


def test_ignored_until_a_time(team: Team, group: UUID) -> None:
    change(team, group, EventKind.IGNORED, Terms(until_at=NOW + HOUR))
    assert follow(NOW + 59 * MINUTE) == 0
    assert follow(NOW + 60 * MINUTE) == 1
    assert status_of(team, group) is TriageStatus.OPEN
    assert newest(team, group).detail == {"why": "time", "release": None}
    assert follow(NOW + 61 * MINUTE) == 0


def test_ignored_until_so_many_more_failures_of_which_earlier_ones_are_none(team: Team, group: UUID) -> None:
    change(team, group, EventKind.IGNORED, Terms(count=3))
    fail(team, NOW - MINUTE)
    for number in (1, 2):
        fail(team, NOW + number * HOUR)
        assert follow(NOW + number * HOUR) == 0
    fail(team, NOW + 3 * HOUR)
    assert follow(NOW + 3 * HOUR) == 1
    assert newest(team, group).detail["why"] == "count"


def test_ignored_until_so_many_in_a_stretch(team: Team, group: UUID) -> None:
    change(team, group, EventKind.IGNORED, Terms(count=3, within=10 * MINUTE))
    for number in (1, 2, 3):
        fail(team, NOW + number * HOUR)
    assert follow(NOW + 4 * HOUR) == 0
    # Reports come in any order: two that are late make three within ten minutes.
    for late in (5, 9):
        fail(team, NOW + 2 * HOUR + late * MINUTE)
    assert follow(NOW + 4 * HOUR + 6 * MINUTE) == 1


def test_ignored_until_the_next_release_is_live(team: Team, group: UUID) -> None:
    change(team, group, EventKind.IGNORED, Terms(is_next_release=True))
    fail(team, NOW + MINUTE, release="42")
    assert follow(NOW + HOUR) == 0
    succeed(team, NOW + HOUR, "43")
    assert follow(NOW + HOUR) == 1
    assert newest(team, group).detail == {"why": "release", "release": "43"}


def test_resolved_now_any_later_failure_brings_it_back(team: Team, group: UUID) -> None:
    change(team, group, EventKind.RESOLVED)
    fail(team, NOW - MINUTE, release="42")
    assert follow(NOW + HOUR) == 0
    fail(team, NOW + HOUR, release="42")
    assert follow(NOW + HOUR) == 1
    assert status_of(team, group) is TriageStatus.REOPENED
    told = newest(team, group)
    assert (told.kind, told.by, told.detail["release"]) == (EventKind.REGRESSED, "", "42")


@pytest.mark.parametrize("terms", [Terms(release="43"), Terms(is_next_release=True)])
def test_resolved_in_a_release_older_ones_may_go_on_failing(team: Team, group: UUID, terms: Terms) -> None:
    change(team, group, EventKind.RESOLVED, terms)
    succeed(team, NOW + HOUR, "43")
    succeed(team, NOW + 2 * HOUR, "44")
    fail(team, NOW + 3 * HOUR, release="42")
    assert follow(NOW + 3 * HOUR) == 0
    fail(team, NOW + 4 * HOUR, release="44")
    assert follow(NOW + 4 * HOUR) == 1
    assert newest(team, group).detail["release"] == "44"
    assert newest(team, group).detail["resolved_in"] == "43"


def test_a_failure_that_tells_no_release_is_one_of_the_release_that_was_live(team: Team, group: UUID) -> None:
    change(team, group, EventKind.RESOLVED, Terms(release="43"))
    fail(team, NOW + MINUTE)
    succeed(team, NOW + HOUR, "43")
    assert follow(NOW + HOUR) == 0
    fail(team, NOW + 2 * HOUR)
    assert follow(NOW + 2 * HOUR) == 1
    assert newest(team, group).detail["release"] == "43"


def test_a_late_report_of_an_older_moment_is_found_all_the_same(team: Team, group: UUID) -> None:
    change(team, group, EventKind.RESOLVED, Terms(release="43"))
    succeed(team, NOW + HOUR, "43")
    fail(team, NOW + 3 * HOUR, release="42")
    assert follow(NOW + 3 * HOUR) == 0
    fail(team, NOW + 2 * HOUR, release="43")
    assert follow(NOW + 3 * HOUR + MINUTE) == 0
    assert follow(NOW + 3 * HOUR + 6 * MINUTE) == 1


def test_a_merged_group_is_brought_back_by_any_of_its_parts(team: Team, group: UUID) -> None:
    fail(team, NOW - 2 * MINUTE, error="second thing")
    with team_context(team.id):
        merge(team_id=team.id, group_ids=[group, group_of(team, "second")], into=group, by="key", now=NOW)
    change(team, group, EventKind.RESOLVED)
    fail(team, NOW + HOUR, error="second thing", release="44")
    assert follow(NOW + HOUR) == 1
    assert status_of(team, group) is TriageStatus.REOPENED


def test_ignored_groups_are_silent_until_their_time(team: Team, group: UUID) -> None:
    fail(team, NOW - 2 * MINUTE, error="second thing")
    other = group_of(team, "second")
    change(team, group, EventKind.IGNORED, Terms(until_at=NOW + HOUR))
    with team_context(team.id):
        assert silenced(team.id, [group, other], NOW) == {group}
        assert is_silenced(team.id, [group], NOW)
        assert not is_silenced(team.id, [group, other], NOW)
        assert not is_silenced(team.id, [], NOW)
        assert not is_silenced(team.id, [group], NOW + HOUR)
        merge(team_id=team.id, group_ids=[group, other], into=group, by="key", now=NOW)
        assert is_silenced(team.id, [group, other], NOW)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"action": "forget"}, "action"),
        ({"action": "ignore", "until": "soon"}, "until"),
        ({"action": "ignore", "until": "now-1d"}, "until"),
        ({"action": "ignore", "until": "now+900d"}, "until"),
        ({"action": "ignore", "count": "0"}, "count"),
        ({"action": "ignore", "count": 10_001}, "count"),
        ({"action": "ignore", "count": True}, "count"),
        ({"action": "ignore", "within_minutes": 5}, "within_minutes"),
        ({"action": "resolve", "count": 5}, "count"),
        ({"action": "resolve", "release": "x" * 201}, "release"),
        ({"action": "resolve", "release": "7", "next_release": True}, "release"),
        ({"action": "assign", "assignee": "nobody@nowhere.test"}, "assignee"),
        ({"action": "assign"}, "assignee"),
        ({"action": "merge"}, "groups"),
        ({"action": "merge", "into": "x"}, "into"),
        ({"action": "split", "members": [str(NO_WORKFLOW)]}, "members"),
    ],
)
def test_what_has_no_meaning_is_refused_by_field(team: Team, group: UUID, told, field: str) -> None:
    with team_context(team.id):
        with pytest.raises(TriageRefused) as refused:
            perform(team.id, [group], told, by="key", now=NOW)
        assert set(refused.value.reasons) == {field}
        assert not GroupEvent.objects.exists()


def test_times_ahead_are_read() -> None:
    assert read_terms("ignore", {"until": "now+7d"}, NOW).until_at == NOW + timedelta(days=7)
    assert read_terms("ignore", {"until": "2026-08-13T00:00"}, NOW).until_at == datetime.fromisoformat(
        "2026-08-13T00:00+00:00"
    )


def test_a_group_that_nobody_has_seen_is_refused(team: Team) -> None:
    with team_context(team.id), pytest.raises(TriageRefused, match="not known"):
        perform(team.id, [uuid4()], {"action": "review"}, by="key", now=NOW)
