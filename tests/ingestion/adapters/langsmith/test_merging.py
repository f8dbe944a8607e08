"""Posts and patches in any order, repeated, in one request or many, combined by the SDK or not, give the same rows."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.adapters.langsmith import read_multipart, to_records
from ingestion.records import ExecutionReport
from monitoring.models import Execution
from monitoring.reads import replay
from monitoring.reads.replay_records import Replay
from tests.factories import send
from tests.ingestion.adapters.langsmith.sending import MULTIPART, NOW, at, dotted, multipart, uid
from tests.monitoring.store.test_merging import SLOW, assert_equal, stored_by

pytestmark = pytest.mark.django_db

FEW = settings(SLOW, max_examples=10)
Told = tuple[str, dict[str, Any]]
ERRORS = st.sampled_from([None, "ValueError('x')", "CancelledError()", "GraphInterrupt(())"])
VALUES = st.dictionaries(st.sampled_from("ab"), st.integers(0, 3) | st.text("xü", max_size=3), max_size=2)
TOKENS = st.none() | st.fixed_dictionaries(
    {"input_tokens": st.integers(0, 9)}, optional={"total_cost": st.floats(0, 1)}
)


@st.composite
def traces(draw: st.DrawFn) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Up to four runs of a trace, each as the SDK makes its post and its patch: the patch repeats what it knows."""
    found, places = [], {1: [(1, 0.0)]}
    for number in range(1, draw(st.integers(1, 4)) + 1):
        if number > 1:
            parent = draw(st.sampled_from(sorted(places)))
            places[number] = [*places[parent], (number, float(number))]
        path = places[number]
        metadata = {"thread_id": "t", "customer": "north", "ls_model_name": "gpt-4o"}
        fixed = {
            "id": uid(number),
            "trace_id": uid(1),
            "dotted_order": dotted(*path),
            "name": f"run {number}",
            "run_type": draw(st.sampled_from(["chain", "llm", "tool"])),
            "start_time": at(path[-1][1]).isoformat(),
            "tags": ["beta"],
            "session_name": "shop",
            **({"parent_run_id": uid(path[-2][0])} if number > 1 else {}),
        }
        post = {**fixed, "inputs": draw(VALUES), "extra": {"metadata": metadata}}
        usage = draw(TOKENS)
        patch = {
            **fixed,
            "end_time": at(path[-1][1] + draw(st.integers(0, 9))).isoformat(),
            "error": draw(ERRORS),
            "outputs": {**draw(VALUES), **({"usage_metadata": usage} if usage else {})},
            "extra": {"metadata": {**metadata, "late": 1, **({"usage_metadata": usage} if usage else {})}},
            "events": [{"name": "event", "time": at(1).isoformat(), "message": "halfway"}],
        }
        found.append((post, patch))
    return found


def reports(request: Sequence[Told]) -> list[ExecutionReport]:
    """What one request tells."""
    decoded = to_records(read_multipart(multipart(*request), MULTIPART), {}, NOW)
    assert decoded.rejected == []
    return [report for _, report in decoded.reports]


def cut(items: list[Told], data: st.DataObject) -> list[list[Told]]:
    """The items in requests of one to four."""
    requests = []
    while items:
        size = data.draw(st.integers(1, 4))
        requests.append(items[:size])
        items = items[size:]
    return requests


@FEW
@given(data=st.data(), runs=traces())
def test_order_repetition_and_splitting_do_not_matter(
    team: Team, data: st.DataObject, runs: list[tuple[dict[str, Any], dict[str, Any]]]
) -> None:
    told: list[Told] = [item for post, patch in runs for item in (("post", post), ("patch", patch))]
    expected = stored_by(team, [reports([one]) for one in told], now=NOW)
    shuffled = data.draw(st.permutations([*told, *told[:3]]))
    assert_equal(stored_by(team, [reports(one) for one in cut(shuffled, data)], now=NOW), expected)


def reading(team: Team, requests: Sequence[Sequence[Told]]) -> tuple[Replay | None, list[Any]]:
    """What is shown of the trace after these requests."""
    with transaction.atomic():
        for request in requests:
            send(team, *reports(request), now=NOW)
        with team_context(team.id):
            found = replay.load(team.id, Execution.objects.get().id)
            facets = list(Execution.objects.order_by("id").values_list("facets", flat=True))
        transaction.set_rollback(True)
    return found, facets


@FEW
@given(runs=traces())
def test_a_patch_that_the_sdk_put_into_its_post_reads_the_same(
    team: Team, runs: list[tuple[dict[str, Any], dict[str, Any]]]
) -> None:
    combined = [("post", {**post, **{key: value for key, value in patch.items() if value}}) for post, patch in runs]
    split: list[list[Told]] = [[("patch", patch)] for _, patch in runs] + [[("post", post) for post, _ in runs]]
    assert reading(team, split) == reading(team, [combined])
