"""Any order, repetition and splitting of the events of one run gives the same rows."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.adapters.webhooks.reading import read_delivery
from ingestion.adapters.webhooks.told import About
from ingestion.kinds import SourceKind
from ingestion.rows import make_part
from monitoring.store.draft import Draft
from monitoring.store.fields import EXECUTION
from monitoring.store.labels import Names
from tests.ingestion.adapters.webhooks import events

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TEAM = UUID(int=7)

GITLAB = [
    events.gitlab_pipeline(status="running", finished_at=None, duration=None),
    events.gitlab_pipeline(),
    events.gitlab_pipeline(status="success", finished_at="2026-01-04 10:09:00 UTC", duration=120),
]
RERUN = [
    events.github_run(run_attempt=2, conclusion="success", run_started_at="2026-11-04T11:00:00Z"),
    events.github_job(run_attempt=2, id=5, conclusion="success", started_at="2026-11-04T11:00:20Z", steps=[]),
]
STORIES = {
    SourceKind.GITHUB: [*events.github_story(), *RERUN],
    SourceKind.DIFY: events.dify_story(),
    SourceKind.GITLAB: GITLAB,
    SourceKind.ALERTMANAGER: [events.alerts(workflow="w"), events.alerts("resolved", workflow="w")],
}


def rows(kind: SourceKind, told: list[Any]) -> Any:
    """What the writer would store of these events: executions, steps and facets, merged by its own rules."""
    names = Names(TEAM)
    about = About(received_at=NOW)
    reports = [report for event in told for _, report in read_delivery(kind, event, about).reports]
    parts = [make_part(names, report, NOW) for report in reports]
    found = {}
    for execution in {part.execution_id for part in parts}:
        draft = Draft(TEAM, [(place, part) for place, part in enumerate(parts) if part.execution_id == execution])
        draft.build()
        draft.fill()
        # Which day's partition holds it depends on what came first, by design.
        kept = [value for name, value in zip(EXECUTION.names, draft.execution, strict=True) if name != "anchor_day"]
        steps = sorted((row[:3] + row[4:] for row in draft.steps.values()), key=lambda row: row[1])
        fixed = {name: sorted(str(row[:3] + row[4:]) for row, _ in all.values()) for name, all in draft.fixed.items()}
        found[execution] = (kept, steps, fixed)
    return found


@pytest.mark.parametrize("kind", sorted(STORIES))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_order_and_repetition_do_not_matter(kind: SourceKind, data: st.DataObject) -> None:
    story = STORIES[kind]
    again = data.draw(st.lists(st.sampled_from(story), max_size=4))
    shuffled = data.draw(st.permutations([*story, *again]))
    assert rows(kind, shuffled) == rows(kind, story)


def test_a_rerun_is_another_execution_with_the_same_origin() -> None:
    found = rows(SourceKind.GITHUB, STORIES[SourceKind.GITHUB])
    assert len(found) == 2
    origin = [name for name in EXECUTION.names if name != "anchor_day"].index("origin_id")
    assert len({row[0][origin] for row in found.values()}) == 1


def test_the_last_outcome_of_a_retried_pipeline_counts() -> None:
    ((execution, _, _),) = rows(SourceKind.GITLAB, GITLAB).values()
    told = dict(zip((name for name in EXECUTION.names if name != "anchor_day"), execution, strict=True))
    assert (told["status"], told["told_duration_ms"]) == (6, 120_000)
