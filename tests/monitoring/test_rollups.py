"""The fold: rollups say what the records say, whatever was sent in which order and however often it is folded."""

import itertools
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport, Resources, Tokens
from monitoring.analysis.histogram import bin_of
from monitoring.identity import NO_WORKFLOW
from monitoring.models import Dimension, DirtyBucket, Execution, Grain, Rollup, Step
from monitoring.statuses import Status
from monitoring.store import rollups
from monitoring.store.fold_lock import lock_folding
from monitoring.store.rollups import fold, fold_all, purge_minutes, start_of
from tests.factories import NOW, report, send, step
from tests.monitoring.store.test_criteria import criterion

COUNTS = ("runs", *(status.word for status in Status), "retries", "checked", "unmet")
SUMS = ("input_tokens", "output_tokens", "unpriced_tokens", "cost_usd", "api_calls", "storage_bytes")
PEAKS = ("peak_memory_bytes", "memory_share", "storage_share")
RUN_VALUES = {
    Dimension.RELEASE: "release_id",
    Dimension.TRIGGER: "trigger_id",
    Dimension.ERROR: "error_id",
    Dimension.INPUT_TYPE: "input_type_id",
}
STEP_VALUES = {
    Dimension.NODE: "node_id",
    Dimension.PROVIDER: "provider_id",
    Dimension.MODEL: "model_id",
    Dimension.TOOL: "tool_id",
    Dimension.SYSTEM: "system_id",
}
Row = dict[str, Any]


class Expected:
    """One rollup row as plain Python adds it up."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.sums: dict[str, Any] = dict.fromkeys(SUMS)
        self.peaks: dict[str, float | None] = dict.fromkeys(PEAKS)
        self.histogram: Counter[int] = Counter()

    def add(self, row: Any, retries: int, used: Row) -> None:
        self.counts.update(["runs", Status(row.status or 0).word])
        self.counts["retries"] += retries
        is_unmet = getattr(row, "is_unmet", None)
        self.counts.update({"checked": is_unmet is not None, "unmet": is_unmet is True})
        for name, value in used.items():
            if value is not None:
                self.sums[name] = (self.sums[name] or 0) + value
        for name, value in peaks_of(row).items():
            if value is not None:
                self.peaks[name] = max(value, self.peaks[name] or 0)
        if row.duration_ms is not None:
            self.histogram[bin_of(row.duration_ms)] += 1

    def told(self) -> Any:
        counts = tuple(self.counts[name] for name in COUNTS)
        return counts, tuple(self.sums[name] for name in SUMS), tuple(self.peaks.values()), dict(self.histogram)


def peaks_of(row: Any) -> Row:
    """What of an execution counts by its greatest; a step has none of it."""
    if isinstance(row, Step):
        return {}
    shares = {"memory": (row.peak_memory_bytes, row.memory_limit_bytes)}
    shares["storage"] = (row.storage_bytes, row.storage_limit_bytes)
    told = {f"{name}_share": used / limit for name, (used, limit) in shares.items() if used is not None and limit}
    return {"peak_memory_bytes": row.peak_memory_bytes, **told}


def used_by(row: Any) -> Row:
    """Tokens and cost of a step; and what of an execution is called the same."""
    return {"input_tokens": row.input_tokens, "output_tokens": row.output_tokens, "cost_usd": row.cost_usd}


def expected(grain: Grain, since: datetime | None) -> dict[Any, Any]:
    """All rollup rows of a grain, from the records, one by one."""
    rows: dict[Any, Expected] = defaultdict(Expected)
    for run in Execution.objects.all():
        if since and run.counted_at < since:
            continue
        if run.workflow_id is None and run.status == 0 and run.step_count == 0:
            continue
        key = (run.workflow_id or NO_WORKFLOW, run.environment_id, start_of(grain, run.counted_at))
        used = used_by(run) | {
            "unpriced_tokens": run.unpriced_tokens,
            "api_calls": run.api_call_count,
            "storage_bytes": run.storage_bytes,
        }
        values = [(Dimension.NONE, 0), *((d, getattr(run, column)) for d, column in RUN_VALUES.items())]
        for dimension, value in values:
            if value is not None:
                rows[(*key, dimension, value)].add(run, run.retry_count + (run.attempt > 1), used)
        for visit in Step.objects.filter(execution_id=run.id):
            tokens = [visit.input_tokens, visit.output_tokens]
            told = sum(count or 0 for count in tokens) if any(count is not None for count in tokens) else None
            unpriced = told if told is None or visit.cost_usd is None else 0
            for dimension, column in STEP_VALUES.items():
                if (value := getattr(visit, column)) is not None:
                    used = used_by(visit) | {"unpriced_tokens": unpriced}
                    rows[(*key, dimension, value)].add(visit, int(visit.attempt > 1), used)
    return {key: row.told() for key, row in rows.items()}


def found(grain: Grain) -> dict[Any, Any]:
    """The rollup rows of a grain in the same form."""
    return {
        (row.workflow_id, row.environment_id, row.bucket, row.dimension, row.value_id): (
            tuple(getattr(row, name) for name in COUNTS),
            tuple(getattr(row, name) for name in SUMS),
            tuple(getattr(row, name) for name in PEAKS),
            dict(zip(row.histogram_bins, row.histogram_counts, strict=True)),
        )
        for row in Rollup.objects.filter(grain=grain)
    }


def check_figures(now: datetime = NOW) -> None:
    """Every row of every grain is what the records say."""
    assert found(Grain.MINUTE) == expected(Grain.MINUTE, rollups.minute_floor(now))
    for grain in (Grain.HOUR, Grain.DAY, Grain.MONTH):
        assert found(grain) == expected(grain, None), grain


def some_report(rng: random.Random, number: int) -> ExecutionReport:
    """A run somewhere in the last forty days, half of them in the last two."""
    ago = timedelta(seconds=rng.choice([rng.uniform(0, 2 * 86400), rng.uniform(0, 40 * 86400)]))
    start = NOW - ago - timedelta(hours=1)
    status = rng.choice(list(Status))
    is_done = status >= Status.SKIPPED
    return report(
        id=f"r{number}",
        workflow=rng.choice(["a", "b", None]),
        environment=rng.choice([None, "staging"]),
        release=rng.choice(["v1", "v2", None]),
        trigger=rng.choice(["cron", None]),
        input_type=rng.choice(["order", None]),
        status=status,
        attempt=rng.choice([1, 1, 2]),
        started_at=rng.choice([start, start, None]),
        finished_at=start + timedelta(seconds=rng.expovariate(0.01)) if is_done else None,
        output=rng.choice([None, 1, {"n": 2}]),
        resources=Resources(
            memory_bytes=rng.choice([None, 5, 9]),
            memory_limit_bytes=(None, 0, 10, 12)[number % 4],
            storage_bytes=(None, 40)[number % 2],
            storage_limit_bytes=(None, None, 50)[number % 3],
            api_call_count=rng.choice([None, 3]),
        ),
        steps=[some_step(rng, n) for n in range(rng.randrange(5))],
    )


def some_step(rng: random.Random, number: int) -> Any:
    """A step with or without each of the things that a step may tell."""
    return step(
        id=f"s{number}",
        node=rng.choice(["load", "ask", "store"]),
        status=rng.choice([*Status, None]),
        attempt=rng.choice([1, 2]),
        ended_at=rng.choice([None, NOW]),
        provider=rng.choice(["openai", None]),
        model=rng.choice(["gpt-4o", "o3", None]),
        tool=rng.choice(["search", None]),
        external_system=rng.choice(["example.com", None]),
        tokens=rng.choice([None, Tokens(input=rng.randrange(100)), Tokens(input=7, output=3)]),
        cost_usd=rng.choice([None, Decimal("0.0012")]),
    )


@pytest.mark.usefixtures("in_team")
class TestFolding:
    """One team, in one transaction."""

    @pytest.mark.parametrize("seed", [1, 2])
    def test_rollups_say_what_the_records_say(self, team: Team, seed: int) -> None:
        rng = random.Random(seed)
        for expression in ("output.n == `2`", "duration_ms > `60000` || cost_usd < `1`"):
            criterion(team, expression, workflow="a")
        for part in range(3):
            send(team, *(some_report(rng, number) for number in range(part * 10, part * 10 + 30)))
            assert fold_all(NOW) > 0
            check_figures()
        told = Rollup.objects.filter(grain=Grain.MONTH, dimension=0).values_list("checked", "unmet")
        assert all(sum(column) for column in zip(*told, strict=True))

    def test_folding_again_changes_nothing(self, team: Team) -> None:
        rng = random.Random(3)
        send(team, *(some_report(rng, number) for number in range(40)))
        fold_all(NOW)
        before = list(Rollup.objects.order_by("grain", "bucket", "dimension", "value_id", "workflow_id").values())
        mark_all(team)
        fold_all(NOW + timedelta(seconds=1))
        after = list(Rollup.objects.order_by("grain", "bucket", "dimension", "value_id", "workflow_id").values())
        assert after == before

    def test_nothing_marked_nothing_done(self) -> None:
        assert fold(NOW) == 0

    def test_folding_what_was_marked_until_now_ends_while_others_report(
        self, team: Team, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is expired is removed after this: else its thread would do nothing else while there is load."""
        fold_minutes, passes = rollups._fold_minutes, itertools.count(1)

        def fold_while_one_reports(team_id: UUID, marked: Sequence[rollups.Bucket], now: datetime) -> None:
            number = next(passes)
            assert number < 5, "it has no end"
            fold_minutes(team_id, marked, now)
            send(team, report(id=f"meanwhile {number}"), now=NOW + timedelta(seconds=number))

        send(team, report(id="before"))
        monkeypatch.setattr(rollups, "_fold_minutes", fold_while_one_reports)
        assert fold_all(NOW, until=NOW) > 0
        assert Rollup.objects.filter(dimension=0, grain=Grain.MONTH).get().runs == 1

    def test_late_parts_move_a_run(self, team: Team) -> None:
        send(team, report(id="x", status=Status.RUNNING, started_at=NOW - timedelta(days=3), finished_at=None))
        fold_all(NOW)
        assert Rollup.objects.filter(dimension=0, grain=Grain.HOUR).get().running == 1
        send(team, report(id="x", started_at=NOW - timedelta(days=3), finished_at=NOW - timedelta(minutes=5)))
        fold_all(NOW)
        row = Rollup.objects.filter(dimension=0, grain=Grain.HOUR).get()
        assert (row.running, row.succeeded, row.bucket) == (0, 1, start_of(Grain.HOUR, NOW - timedelta(minutes=5)))
        check_figures()

    def test_a_workflow_told_later_takes_the_run_along(self, team: Team) -> None:
        send(team, report(id="x", workflow=None))
        fold_all(NOW)
        assert Rollup.objects.filter(dimension=0, grain=Grain.DAY).get().workflow_id == NO_WORKFLOW
        send(team, report(id="x", workflow="told"))
        fold_all(NOW)
        assert Rollup.objects.filter(dimension=0, grain=Grain.DAY).get().workflow_id != NO_WORKFLOW
        check_figures()

    def test_rows_of_deleted_records_go(self, team: Team) -> None:
        send(team, report(id="x"), report(id="y", started_at=NOW - timedelta(days=5), finished_at=None))
        fold_all(NOW)
        mark_all(team)
        Execution.objects.all().delete()
        fold_all(NOW)
        assert not Rollup.objects.exists()

    def test_a_parent_with_the_value_of_its_child_is_no_visit(self, team: Team) -> None:
        steps = [
            step(id="chain", node="chain", model="gpt-4o", tokens=None),
            step(id="call", node="call", parent_id="chain", model="gpt-4o", tokens=Tokens(input=10)),
            step(id="alone", node="chain", model="o3"),
        ]
        send(team, report(steps=steps))
        fold_all(NOW)
        models = Rollup.objects.filter(dimension=Dimension.MODEL, grain=Grain.DAY)
        assert {(row.runs, row.duration_count, row.input_tokens) for row in models} == {(1, 1, None), (1, 1, 10)}
        nodes = Rollup.objects.filter(dimension=Dimension.NODE, grain=Grain.DAY)
        assert sorted(row.runs for row in nodes) == [1, 2]

    def test_days_are_merged_with_a_delay_but_at_once_when_new(self, team: Team) -> None:
        send(team, report(id="x"))
        fold(NOW)
        assert Rollup.objects.filter(dimension=0, grain=Grain.MONTH).get().runs == 1
        send(team, report(id="y"))
        fold(NOW + timedelta(seconds=1))
        assert Rollup.objects.filter(dimension=0, grain=Grain.HOUR).get().runs == 2
        assert Rollup.objects.filter(dimension=0, grain=Grain.DAY).get().runs == 1
        fold(NOW + timedelta(seconds=62))
        fold(NOW + timedelta(seconds=124))
        assert Rollup.objects.filter(dimension=0, grain=Grain.MONTH).get().runs == 2
        assert not DirtyBucket.objects.exists()

    def test_a_small_limit_gets_there_too(self, team: Team) -> None:
        rng = random.Random(4)
        send(team, *(some_report(rng, number) for number in range(25)))
        while fold(NOW, limit=3):
            pass
        fold_all(NOW)
        check_figures()

    def test_marks_are_taken_up_to_the_limit_and_the_time(self, team: Team) -> None:
        """The newest first; others of the same minute stay for the next time, and so does what was marked since."""
        older = NOW - timedelta(minutes=9)
        marks = [(older, NOW), (NOW, NOW), (NOW, NOW), (NOW, NOW + timedelta(seconds=1))]
        with team_context(team.id), connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO dirty_bucket (team_id, workflow_id, environment_id, minute, marked_at)"
                " VALUES (%s, %s, 1, %s, %s)",
                [[team.id, NO_WORKFLOW, minute, marked_at] for minute, marked_at in marks],
            )

        def left() -> list[datetime]:
            return sorted(DirtyBucket.objects.filter(grain=Grain.MINUTE).values_list("minute", flat=True))

        rollups.fold_team(team.id, NOW, 1, until=NOW, is_whole=True)
        assert left() == [older, NOW, NOW]
        rollups.fold_team(team.id, NOW, 2, until=NOW, is_whole=True)
        assert left() == [NOW]
        rollups.fold_team(team.id, NOW, 2, until=NOW, is_whole=True)
        assert left() == [NOW]

    def test_a_team_that_is_being_erased_is_left_alone(self, team: Team) -> None:
        send(team, report(id="x"))
        assert rollups.marked_teams() == [team.id]
        Team.objects.filter(id=team.id).update(erased_from=timezone.now() - timedelta(seconds=1))
        assert rollups.marked_teams() == []

    def test_hours_outlive_their_minutes(self, team: Team) -> None:
        send(team, report(id="x"), report(id="y", started_at=NOW - timedelta(hours=47), finished_at=None))
        fold_all(NOW)
        later = NOW + timedelta(hours=12)
        assert purge_minutes(team.id, later) == 1
        send(team, report(id="z", started_at=NOW - timedelta(hours=47), finished_at=None))
        fold_all(later)
        assert found(Grain.HOUR) == expected(Grain.HOUR, None)


def mark_all(team: Team) -> None:
    """Marks the minute of every execution."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO dirty_bucket (team_id, workflow_id, environment_id, minute, marked_at) SELECT team_id,"
            " COALESCE(workflow_id, %s), environment_id, date_trunc('minute', counted_at), %s FROM execution"
            " WHERE team_id = %s",
            [NO_WORKFLOW, NOW, team.id],
        )


@pytest.fixture
def held_team(transactional_db: None) -> Team:
    """A team in a database that really commits."""
    return Team.objects.create(name="Held", slug="held")


def test_two_folders_never_double(held_team: Team) -> None:
    rng = random.Random(5)
    send(held_team, *(some_report(rng, number) for number in range(60)))
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(40):
                fold(NOW, limit=4)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    fold_all(NOW)
    with team_context(held_team.id):
        check_figures()


def test_a_team_that_another_process_folds_is_left_to_it(held_team: Team) -> None:
    send(held_team, report())
    is_held, may_go = threading.Event(), threading.Event()

    def hold() -> None:
        with team_context(held_team.id):
            lock_folding(held_team.id, wait=True)
            is_held.set()
            may_go.wait(10)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    is_held.wait(10)
    assert fold(NOW) == 0
    may_go.set()
    thread.join()
    assert fold(NOW) > 0


def test_a_fold_that_fails_keeps_its_marks(held_team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    send(held_team, report())
    marked = DirtyBucket.objects.count()
    monkeypatch.setattr(rollups, "_merge", lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        fold(NOW)
    assert DirtyBucket.objects.count() == marked
