"""The commit of a release: told beside it by executions in any order; one that is announced counts before it."""

from collections.abc import Sequence

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport
from monitoring.identity import LabelKind, label_id
from monitoring.models import Payload, Release
from monitoring.reads.releases import release_named, releases_of_workflow
from monitoring.services.releases import announce_release
from monitoring.store.labels import forget_names
from monitoring.store.payloads import merge_own
from tests.factories import NOW, report, send
from tests.monitoring.store.test_merging import SLOW

pytestmark = pytest.mark.django_db

# Executions of one workflow, each of one release; a part tells the release, and may tell workflow and commit.
told = st.tuples(
    st.sampled_from([("a", "v1"), ("b", "v1"), ("c", "v2")]),
    st.booleans(),
    st.sampled_from([None, "", "3f2a1c9", "9d59409", "ffe1b20"]),
)


def parts_of(values: Sequence[tuple[tuple[str, str], bool, str | None]]) -> list[ExecutionReport]:
    """The parts; each execution tells its workflow and its release at least once."""
    found = [ExecutionReport(id=id, workflow="nightly") for id in "abc"]
    found += [ExecutionReport(id=id, release=release) for id, release in (("a", "v1"), ("b", "v1"), ("c", "v2"))]
    found += [
        ExecutionReport(id=id, workflow="nightly" if names else None, release=release, commit=commit)
        for (id, release), names, commit in values
    ]
    return found


def commits_after(team: Team, requests: Sequence[Sequence[ExecutionReport]]) -> dict[str, str]:
    """The commits by release that these requests leave; the database forgets them again."""
    with transaction.atomic():
        for request in requests:
            # What a process remembers of releases must not matter either.
            forget_names()
            send(team, *request, now=NOW)
        with team_context(team.id):
            found = dict(Release.objects.values_list("name", "seen_commit"))
        transaction.set_rollback(True)
    forget_names()
    return found


@SLOW
@given(values=st.lists(told, max_size=6), data=st.data())
def test_neither_order_nor_repetition_nor_splitting_of_requests_matters(team, values, data) -> None:
    parts = parts_of(values)
    expected = {}
    for release in ("v1", "v2"):
        said = {commit for (_, of), _, commit in values if of == release and commit}
        expected[release] = max(said, key=lambda commit: label_id(LabelKind.COMMIT, commit), default="")
    shuffled = data.draw(st.permutations(parts + data.draw(st.lists(st.sampled_from(parts), max_size=4))))
    cut = data.draw(st.integers(0, len(shuffled)))
    assert commits_after(team, [shuffled[:cut], shuffled[cut:]]) == expected
    assert commits_after(team, [[one] for one in shuffled]) == expected


def test_it_is_shown_and_an_announced_one_counts_before_it(team) -> None:
    send(team, report(release="v1", commit="3f2a1c9"))
    with team_context(team.id):
        (seen,) = releases_of_workflow(team.id)
        told = {"workflow": "nightly", "name": "v1", "told": {"commit": "abc"}, "by": "a pipeline", "now": NOW}
        announce_release(team_id=team.id, **told)
        send(team, report(id="next", release="v1", commit="3f2a1c9"))
        announced = release_named(team.id, seen.workflow_id, "v1")
        announce_release(team_id=team.id, **{**told, "told": {"commit": ""}})
        taken_away = release_named(team.id, seen.workflow_id, "v1")
    assert (seen.commit, announced.commit, taken_away.commit) == ("3f2a1c9", "abc", "3f2a1c9")


def test_a_commit_without_a_release_is_an_attribute(team) -> None:
    send(team, report(id="x", commit="3f2a1c9", attributes={"shop": 7}), report(id="y", release="v1"))
    with team_context(team.id):
        assert merge_own(Payload.objects.values_list("body", flat=True))["attributes"] == {
            "commit": "3f2a1c9",
            "shop": 7,
        }
        assert [one.commit for one in releases_of_workflow(team.id)] == [""]
