"""Executions that the bench multiplies are those that acceptance would have stored, their figures those of a fold."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from accounts.keys import hash_key
from accounts.models import ApiKey, Team
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from bench import filling
from bench.counting_again import differing
from bench.multiplying import SHIFT_DAYS, Shape, external_id, make_copies, multiply
from monitoring.identity import derive_number, execution_id, step_id
from monitoring.models import Execution, Facet, FailureGroup, Label, Payload, Release, Rollup, Step, Workflow
from monitoring.store.payloads import merge_chunks, unpack_chunk

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 20, 9, tzinfo=UTC)
SHAPE = Shape(seed=12, copies=4, steps=3, until=NOW, days=4)


def all_reports() -> list[Any]:
    """The reports that first ones and copies stand for, one by one."""
    reports = [report for _, report in filling.seeds(SHAPE)]
    for number, report in enumerate(tuple(reports)):
        place = (report.started_at - SHAPE.since) // timedelta(days=1)
        for copy in range(1, SHAPE.copies):
            days = (place + copy * SHIFT_DAYS) % SHAPE.days - place
            delta = timedelta(days=days, microseconds=copy)
            steps = [moved(step, delta) for step in report.steps]
            name = external_id(copy * SHAPE.seed + number)
            reports.append(msgspec.structs.replace(moved(report, delta), id=name, steps=steps))
    return reports


def moved(told: Any, delta: timedelta) -> Any:
    """A report or a step with all its times moved."""
    times = {name: value for name, value in msgspec.structs.asdict(told).items() if isinstance(value, datetime)}
    return msgspec.structs.replace(told, **{name: value + delta for name, value in times.items()})


def stored(team: Team) -> dict[str, list[dict[str, Any]]]:
    """All rows of a team in an order of their own, ids that depend on the team replaced by names."""
    with team_context(team.id):
        workflows = dict(Workflow.objects.values_list("id", "name"))
        groups = dict(FailureGroup.objects.values_list("id", "title"))
        names = dict(Execution.objects.values_list("id", "external_id"))
        known = {"workflow_id": workflows, "failure_group_id": groups, "execution_id": names, "origin_id": names}
        tables = (Execution, Step, Facet, Payload, Rollup, FailureGroup, Release, Label)
        found = {one.__name__: [named(row, known) for row in one.objects.values()] for one in tables}
    for row in found["Payload"]:
        assert row["digest"] == derive_number(unpack_chunk(row.pop("body")))
    return {name: sorted(rows, key=str) for name, rows in found.items()}


def named(row: dict[str, Any], known: dict[str, dict[Any, Any]]) -> dict[str, Any]:
    """A row without what depends on its team."""
    own = {"team_id", "id", "parent_id", "folded_at", "digest_of"}
    shown = {key: value for key, value in row.items() if key not in own}
    for key, texts in known.items():
        if shown.get(key) is not None:
            shown[key] = texts[shown[key]]
    return shown


@pytest.fixture
def filled(team: Team) -> Team:
    """A team with twelve executions from acceptance and three copies of each."""
    filling.take_in(team.id, filling.seeds(SHAPE), NOW)
    multiply(team.id, SHAPE)
    return team


def test_copies_are_what_acceptance_stores(filled: Team, other_team: NewTeam) -> None:
    filling.take_in(other_team.team.id, iter([(0, one) for one in all_reports()]), NOW)
    ours, theirs = stored(filled), stored(other_team.team)
    assert len(ours["Execution"]) == SHAPE.seed * SHAPE.copies
    for rows in (ours, theirs):
        for row in rows["Payload"]:
            # Names of steps are part of what is digested.
            row.pop("digest")
    for table, rows in ours.items():
        assert rows == theirs[table], table


def test_ids_derive_from_names(filled: Team) -> None:
    with team_context(filled.id):
        for one in Execution.objects.all():
            assert one.id == execution_id(filled.id, one.external_id)
            steps = list(Step.objects.filter(execution_id=one.id).order_by("position"))
            assert [step.id for step in steps] == [step_id(one.id, str(step.position)) for step in steps]
            assert {step.parent_id for step in steps[1:]} <= {steps[0].id}
            (body,) = Payload.objects.filter(execution_id=one.id).values_list("body", flat=True)
            told = merge_chunks(one.id, [bytes(body)]).steps
            assert told
            assert set(told) <= {step.id for step in steps}


def test_counting_again_finds_nothing_until_a_figure_is_wrong(filled: Team) -> None:
    assert differing(filled.id, NOW, 1_000) == []
    with team_context(filled.id):
        wrong = Rollup.objects.filter(grain=2, dimension=0, bucket__lt=NOW - timedelta(days=3)).order_by("bucket")[:1]
        Rollup.objects.filter(grain=2, dimension=0, bucket=wrong[0].bucket, workflow_id=wrong[0].workflow_id).update(
            runs=99
        )
    (found,) = differing(filled.id, NOW, 1_000)
    assert "99" in found


def test_what_was_broken_off_goes_on(filled: Team) -> None:
    before = stored(filled)
    with team_context(filled.id):
        day = NOW - timedelta(days=2)
        lost = Execution.objects.filter(started_at__gte=day, started_at__lt=day + timedelta(days=1))
        gone = [one.id for one in lost if int(one.external_id.removeprefix("filled-")) >= SHAPE.seed]
        for model in (Step, Facet, Payload):
            model.objects.filter(execution_id__in=gone).delete()
        assert Execution.objects.filter(id__in=gone).delete()[0] > 1
    make_copies(filled.id, SHAPE)
    assert stored(filled) == before


def test_a_kept_folder_is_filled_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STEADYRUN_HOME", str(tmp_path))
    monkeypatch.setattr(filling, "SEED", 6)
    monkeypatch.setattr(filling, "DAYS", 2)
    monkeypatch.setattr(filling, "analyze", lambda *_: None)
    first = filling.fill_large("kept", 6, NOW, steps=1)
    again = filling.fill_large("kept", 6, NOW + timedelta(days=1), steps=1)
    assert (again.team, again.until, again.size) == (first.team, NOW, 6)
    assert ApiKey.objects.get(secret_hash=hash_key(again.made.api_key)).team_id == first.team.id
    with team_context(first.team.id):
        assert Execution.objects.count() == 6
    assert filling.fill_large("kept", 6, NOW, steps=2).team != first.team
