"""Importing history: totals, repetition, interruption, bad lines, placement, the sample."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, Sum
from django.utils import timezone

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.acceptance import StorageUnavailable
from ingestion.history import importing
from ingestion.history.importing import FileImport
from ingestion.models import ImportRun
from monitoring.models import Execution, Finding, Step, Workflow
from monitoring.models.execution import Clock
from monitoring.statuses import Status

pytestmark = pytest.mark.django_db


def write(path: Path, items: list[Any]) -> Path:
    path.write_text("".join(f"{item if isinstance(item, str) else json.dumps(item)}\n" for item in items))
    return path


def run_command(team: Team, *files: Path) -> str:
    out = StringIO()
    call_command("import_executions", *map(str, files), team=team.slug, verbosity=0, stdout=out, stderr=out)
    return out.getvalue()


def rows(team: Team) -> list[tuple[Any, ...]]:
    """Everything that the executions' rows tell, but when one that still runs was heard of last."""
    names = [field.attname for field in Execution._meta.concrete_fields if field.attname != "heard_at"]
    with team_context(team.id):
        return list(Execution.objects.order_by("id").values_list(*names))


def timed(number: int, status: str = "success") -> dict[str, Any]:
    start = datetime(2026, 8, 4, 10, tzinfo=UTC) + timedelta(hours=number)
    end = start + timedelta(minutes=1)
    return {
        "id": f"t-{number}",
        "workflow": "w",
        "status": status,
        "started_at": start.isoformat(),
        "finished_at": end.isoformat(),
    }


def test_import_twice_changes_nothing(team: Team, tmp_path: Path) -> None:
    clockless = [{"id": f"c-{number}", "workflow": "w", "status": "failed"} for number in range(3)]
    path = write(tmp_path / "runs.jsonl", [timed(0), timed(10), *clockless])
    first = run_command(team, path)
    assert "5 stored, 0 duplicate, 0 rejected" in first
    assert "3 tell no time: spread evenly" in first
    after = rows(team)
    assert "0 stored, 5 duplicate, 0 rejected" in run_command(team, path)
    assert rows(team) == after
    with team_context(team.id):
        assert set(Execution.objects.values_list("is_imported", flat=True)) == {True}
        placed = (
            Execution.objects.filter(clock=Clock.PLACED).order_by("external_id").values_list("placed_at", flat=True)
        )
        start, end = datetime(2026, 8, 4, 10, tzinfo=UTC), datetime(2026, 8, 4, 20, 1, tzinfo=UTC)
        assert [(at - start) / (end - start) for at in placed] == pytest.approx([1 / 6, 3 / 6, 5 / 6], abs=0.001)


def test_a_longer_file_leaves_what_was_placed(team: Team, tmp_path: Path) -> None:
    items = [{"id": f"c-{number}"} for number in range(4)]
    run_command(team, write(tmp_path / "a.jsonl", items[:2]))
    with team_context(team.id):
        first = dict(Execution.objects.values_list("external_id", "placed_at"))
        assert all(timezone.now() - timedelta(days=7) <= at <= timezone.now() for at in first.values())
    run_command(team, write(tmp_path / "b.jsonl", items))
    with team_context(team.id):
        second = dict(Execution.objects.values_list("external_id", "placed_at"))
    assert {key: second[key] for key in first} == first


def test_attempts_share_their_origin(team: Team, tmp_path: Path) -> None:
    items = [{"id": f"gha-7-{number}", "workflow": "w", "attributes": {"attempt": number}} for number in (1, 2)]
    run_command(team, write(tmp_path / "runs.jsonl", items))
    with team_context(team.id):
        first, second = Execution.objects.order_by("attempt")
        assert (first.attempt, second.attempt) == (1, 2)
        assert second.origin_id == first.origin_id == first.id


def test_bad_lines_are_told_with_their_number(team: Team, tmp_path: Path) -> None:
    path = write(tmp_path / "runs.jsonl", [timed(0), "{broken", {"id": 5}, "[1, 2]", "7", timed(1)])
    told = run_command(team, path)
    assert "2 stored, 0 duplicate, 4 rejected" in told
    assert "item 2: " in told
    assert "not valid JSON" in told
    assert "item 3: id must be text, not a whole number" in told
    assert "item 5: (item) must be an object" in told


def test_an_interrupted_import_goes_on_where_it_was(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_ITEMS", 2)
    path = tmp_path / "runs.jsonl.gz"
    path.write_bytes(gzip.compress("".join(f"{json.dumps({'id': f'e{n}'})}\n" for n in range(7)).encode()))
    real, calls = importing.accept, []

    def failing(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        if len(calls) == 3:
            raise StorageUnavailable("away")
        return real(*args, **kwargs)

    with mock.patch.object(importing, "accept", failing), pytest.raises(CommandError, match="Run the command again"):
        run_command(team, path)
    with team_context(team.id):
        assert Execution.objects.count() == 4
        ledger = ImportRun.objects.get()
        assert (ledger.item_count, ledger.finished_at) == (4, None)
    told = run_command(team, path)
    assert "went on behind item 4" in told
    assert "3 stored, 0 duplicate" in told
    with team_context(team.id):
        assert Execution.objects.count() == 7
        ledger.refresh_from_db()
        assert (ledger.stored_count, ledger.item_count, ledger.placed_count) == (7, 7, 7)
        assert Execution.objects.values("placed_at").distinct().count() == 7


def test_saved_answers_are_recognised(team: Team, tmp_path: Path) -> None:
    run = {"id": 1, "name": "Build", "workflow_id": 2, "run_attempt": 1, "status": "completed", "conclusion": "success"}
    files = {
        "github.json": {"total_count": 1, "workflow_runs": [{**run, "run_started_at": "2026-08-04T10:00:00Z"}]},
        "n8n.json": {"data": [{"id": 1, "workflowId": "x", "mode": "manual", "finished": True}], "nextCursor": None},
        "airflow.json": {"dag_runs": [{"dag_id": "d", "dag_run_id": "r", "state": "failed"}], "total_entries": 1},
    }
    for name, document in files.items():
        (tmp_path / name).write_text(json.dumps(document, indent=2))
    run_command(team, *(tmp_path / name for name in files))
    with team_context(team.id):
        found = dict(Execution.objects.values_list("external_id", "status"))
        assert found == {"gha-1-1": Status.SUCCEEDED, "n8n-1": Status.SUCCEEDED, "d/r": Status.FAILED}


def test_what_cannot_be_imported_is_said(team: Team, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no such file"):
        run_command(team, tmp_path / "absent.jsonl")
    with pytest.raises(CommandError, match="no team has the slug nobody"):
        call_command("import_executions", str(tmp_path), team="nobody", verbosity=0)
    cut = tmp_path / "cut.json"
    cut.write_text('{"data": [{"id": 1, "workflowId": "x", "mode": "manual"}, {"id": 2')
    told = run_command(team, cut)
    assert "1 stored, 0 duplicate, 1 rejected" in told
    assert "ends early, behind item 1" in told


def test_progress_is_told_in_bytes(team: Team, tmp_path: Path) -> None:
    path = write(tmp_path / "runs.jsonl", [timed(number) for number in range(3)])
    done: list[int] = []
    FileImport(team.id, path, now=timezone.now(), on_bytes=done.append).run()
    assert done == sorted(done)
    assert done[-1] == path.stat().st_size


def test_the_sample_ends_now_and_can_be_loaded_again(team: Team) -> None:
    before = timezone.now()
    call_command("load_sample", team=team.slug, verbosity=0, stdout=StringIO())
    after = rows(team)
    with team_context(team.id):
        shifted = Execution.objects.filter(clock=Clock.SHIFTED)
        newest = shifted.order_by("-counted_at").values_list("counted_at", flat=True)[0]
        assert before <= newest <= timezone.now()
        assert Execution.objects.filter(clock=Clock.PLACED).count() == 72 + 35 + 294
        assert Execution.objects.filter(clock=Clock.TOLD).count() == 0
        assert set(Workflow.objects.values_list("is_sample", "objective_success_rate")) == {(True, 0.95)}
        recent = shifted.filter(counted_at__gte=before - timedelta(days=7))
        assert recent.filter(status=Status.FAILED).count() >= 10
        assert Step.objects.filter(started_at__gt=timezone.now()).count() == 0
    call_command("load_sample", team=team.slug, verbosity=0, stdout=StringIO())
    assert rows(team) == after


def test_the_usage_of_the_sample_is_what_its_sources_tell(team: Team) -> None:
    before = timezone.now()
    call_command("load_sample", team=team.slug, verbosity=0, stdout=StringIO())
    with team_context(team.id):
        ids = dict(Workflow.objects.values_list("name", "id"))
        runs = Execution.objects.filter(workflow_id=ids["polyglot-benchmark (sample)"])
        told = runs.aggregate(Sum("cost_usd"), Sum("input_tokens"), Sum("output_tokens"), Count("id"))
        assert list(told.values()) == [Decimal("492.2667"), 30_865_515, 21_123_583, 35]
        assert runs.filter(input_tokens__isnull=False).count() == 12
        calls = Execution.objects.filter(workflow_id=ids["code-service (sample)"])
        assert (calls.count(), calls.filter(cost_usd__isnull=True).count()) == (294, 294)
        placed = (runs | calls).filter(placed_at__range=(before - timedelta(days=40), timezone.now()))
        assert placed.count() == 329
        assert placed.filter(placed_at__lt=before - timedelta(days=39)).exists()
        assert Workflow.objects.filter(is_sample=True).count() == 6
        assert not Finding.objects.filter(
            workflow_id__in=(ids["polyglot-benchmark (sample)"], ids["code-service (sample)"])
        ).exists()
