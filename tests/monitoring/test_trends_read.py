"""Figures over a window: exact against the records, whichever grains they are read from."""

import gzip
import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from ingestion.history.importing import FileImport
from ingestion.records import Tokens
from monitoring.analysis.histogram import bin_of
from monitoring.models import Dimension, DirtyBucket, Grain
from monitoring.reads import trends, workflows
from monitoring.reads.figures import Totals
from monitoring.reads.releases import release_marks
from monitoring.reads.rollup_rows import Pending, Segment, pending, segments
from monitoring.statuses import Status
from monitoring.store.rollups import fold, fold_all
from monitoring.windows import DAY, HOUR, MINUTE, Window, minute_floor, parse_window
from tests.factories import NOW, report, send, step, store

SAMPLE = Path(__file__).parents[2] / "sample" / "gha_runs.jsonl.gz"
WEEK = Window(NOW - timedelta(days=7), NOW)
pytestmark = pytest.mark.usefixtures("in_team")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def interpolated(values: list[float], share: float) -> float:
    """The percentile as numpy's default has it."""
    values = sorted(values)
    rank = share * (len(values) - 1)
    low = int(rank)
    return values[low] + (rank - low) * (values[min(low + 1, len(values) - 1)] - values[low])


class TestRealRuns:
    """The sample of GitHub Actions runs, counted once more from its file."""

    @pytest.fixture
    def runs(self, team: Team) -> list[dict[str, Any]]:
        FileImport(team.id, SAMPLE, now=NOW + timedelta(days=1), on_bytes=lambda done: None).run()
        fold_all(NOW + timedelta(days=1))
        with gzip.open(SAMPLE, "rt") as lines:
            return [json.loads(line) for line in lines]

    def test_totals(self, team: Team, runs: list[dict[str, Any]]) -> None:
        window = Window(at("2026-08-01"), at("2026-08-14"))
        names = {run["workflow"] for run in runs}
        ids = {name: found.id for name in names if (found := workflows.named(team.id, name))}
        assert len(ids) == 3
        for name in (None, *names):
            chosen = [run for run in runs if name in (None, run["workflow"])]
            found = trends.totals(team.id, window, workflow_id=ids[name] if name else None)
            self.compare(found, chosen)

    def compare(self, found: Totals, runs: list[dict[str, Any]]) -> None:
        counts = Counter(run["status"] for run in runs)
        assert found.runs == len(runs)
        assert (found.succeeded, found.failed) == (counts["success"], counts["failed"])
        assert (found.cancelled, found.waiting) == (counts["cancelled"], counts["waiting"])
        assert found.success_rate == counts["success"] / (counts["success"] + counts["failed"])
        assert found.retries == sum(run["attributes"]["attempt"] > 1 for run in runs)
        told = [run["duration_ms"] for run in runs]
        assert found.timed_runs == len(told)
        assert found.duration_ms.avg == pytest.approx(sum(told) / len(told))
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
            assert getattr(found.duration_ms, name) == pytest.approx(interpolated(told, share), rel=0.02), name

    def test_nodes(self, team: Team, runs: list[dict[str, Any]]) -> None:
        expected: dict[str, Counter[str]] = defaultdict(Counter)
        for run in runs:
            for visit in run["steps"]:
                expected[visit["node"]][visit["status"] or "unknown"] += 1
        found = trends.by_value(team.id, Window(at("2026-08-01"), at("2026-08-14")), Dimension.NODE)
        assert {row.value: row.totals.runs for row in found} == {name: c.total() for name, c in expected.items()}
        assert {row.value: row.totals.failed for row in found} == {name: c["failed"] for name, c in expected.items()}


WINDOWS = [
    (at("2026-08-12T09:17"), at("2026-08-12T10:41")),
    (at("2026-08-11T13:00"), at("2026-08-12T12:00")),
    (at("2026-08-11T12:00"), at("2026-08-12T12:00")),
    (at("2026-08-09T15:00"), at("2026-08-12T12:00")),
    (at("2026-08-01"), at("2026-08-12")),
    (at("2026-05-20T07:00"), at("2026-08-12T12:00")),
    (at("2026-01-01"), at("2026-09-01")),
]


@pytest.mark.parametrize(("start", "end"), WINDOWS)
@pytest.mark.parametrize("is_merged", [True, False])
def test_a_window_holds_exactly_its_runs(team: Team, start: datetime, end: datetime, is_merged: bool) -> None:
    ends = [NOW - timedelta(minutes=7) * n - timedelta(hours=n * n // 150) for n in range(500)]
    send(team, *(report(id=f"r{n}", started_at=None, finished_at=end) for n, end in enumerate(ends)))
    if is_merged:
        fold_all(NOW)
    else:
        # The first fold makes days and months; the second leaves them marked, and reads take the hours instead.
        fold(NOW)
        send(team, report(id="late", started_at=None, finished_at=ends[40]), report(id="later", finished_at=ends[499]))
        ends += [ends[40], ends[499]]
        fold(NOW + timedelta(seconds=1))
        assert pending(team.id).day < NOW
    window = Window(start, end, minutes_from=minute_floor(NOW))
    inside = [end for end in ends if window.start <= end < window.end]
    assert trends.totals(team.id, window).runs == len(inside)
    found = trends.series(team.id, window)
    assert sum(point.totals.runs for point in found.points) == len(inside)
    assert len(found.points) <= trends.MAX_POINTS
    for point in found.points:
        assert point.totals.runs == sum(point.start <= end < point.start + found.bucket for end in inside)


def test_segments_use_the_coarsest_grains_that_fit() -> None:
    window = Window(at("2026-05-30T22:00"), at("2026-08-02T02:00"))
    assert segments(window, Pending()) == [
        Segment(Grain.HOUR, at("2026-05-30T22:00"), at("2026-05-31")),
        Segment(Grain.DAY, at("2026-05-31"), at("2026-06-01")),
        Segment(Grain.MONTH, at("2026-06-01"), at("2026-08-01")),
        Segment(Grain.DAY, at("2026-08-01"), at("2026-08-02")),
        Segment(Grain.HOUR, at("2026-08-02"), at("2026-08-02T02:00")),
    ]
    marked = Pending(day=at("2026-07-30"), month=at("2026-07-01"))
    assert segments(window, marked)[2:] == [
        Segment(Grain.MONTH, at("2026-06-01"), at("2026-07-01")),
        Segment(Grain.DAY, at("2026-07-01"), at("2026-07-30")),
        Segment(Grain.HOUR, at("2026-07-30"), at("2026-08-02T02:00")),
    ]
    assert {part.grain for part in segments(window, Pending(), coarsest=HOUR)} == {Grain.HOUR}
    short = Window(at("2026-08-12T09:17"), at("2026-08-12T09:41"), minutes_from=at("2026-08-10"))
    assert segments(short, Pending()) == [Segment(Grain.MINUTE, short.start, short.end)]


@pytest.mark.parametrize(
    ("text", "points", "bucket", "count"),
    [
        ("now-1h", 500, MINUTE, 60),
        ("now-24h", 500, HOUR, 24),
        ("now-7d", 500, HOUR, 168),
        ("now-30d", 500, 2 * HOUR, 360),
        ("now-30d", 72, 12 * HOUR, 60),
        ("now-90d", 500, 6 * HOUR, 360),
    ],
)
def test_buckets_have_a_round_length(team: Team, text: str, points: int, bucket: timedelta, count: int) -> None:
    found = trends.series(team.id, parse_window(text, None, NOW), max_points=points)
    assert (found.bucket, len(found.points)) == (bucket, count)


def test_environment_workflow_and_value(team: Team) -> None:
    costly = step(model="gpt-4o", tokens=Tokens(input=5))
    store(team, report(workflow="a", steps=[costly]), report(workflow="a", environment="staging"), report(workflow="b"))
    workflow = workflows.named(team.id, "a")
    assert workflow
    assert trends.totals(team.id, WEEK).runs == 3
    assert trends.totals(team.id, WEEK, environment="production").runs == 2
    assert trends.totals(team.id, WEEK, workflow_id=workflow.id).runs == 2
    assert trends.totals(team.id, WEEK, workflow_id=workflow.id, environment="staging").runs == 1
    assert trends.totals(team.id, WEEK, workflow_id=UUID(int=9)) == Totals()
    (model,) = trends.by_value(team.id, WEEK, Dimension.MODEL)
    assert (model.value, model.totals.runs, model.totals.tokens.input) == ("gpt-4o", 1, 5)
    one = trends.totals(team.id, WEEK, dimension=Dimension.MODEL, value_id=model.value_id)
    assert one == model.totals
    assert trends.by_workflow(team.id, WEEK)[workflow.id].runs == 2
    assert trends.series_by_workflow(team.id, WEEK, max_points=30)[workflow.id].points[-1].totals.runs == 2


def test_an_unknown_stays_unknown(team: Team) -> None:
    store(team, report(status=Status.RUNNING, finished_at=None))
    found = trends.totals(team.id, WEEK)
    assert (found.runs, found.running, found.rated, found.success, found.success_rate) == (1, 1, 0, None, None)
    assert (found.duration_ms.avg, found.duration_ms.p95, found.tokens.total, found.cost_usd) == (None,) * 4


def test_distribution_and_grid_hold_every_timed_run(team: Team) -> None:
    lengths = [0, 0, *(1.7**n for n in range(30))]
    store(team, *(report(started_at=NOW - MINUTE, duration_ms=ms, finished_at=NOW - MINUTE) for ms in lengths))
    total = trends.totals(team.id, WEEK)
    bars = trends.distribution(total, bars=12)
    assert (bars[0].low_ms, bars[0].high_ms, bars[0].runs) == (0, 0, 2)
    assert len(bars) <= 13
    for bar in bars[1:]:
        inside = sum(bin_of(bar.low_ms * 1.01) <= bin_of(ms) <= bin_of(bar.high_ms * 0.99) for ms in lengths if ms)
        assert bar.runs == inside
    grid = trends.latency_grid(team.id, WEEK, rows=10, columns=20)
    assert len(grid.limits_ms) == len(grid.cells) + 1 <= 11
    assert grid.limits_ms[0] == 0
    assert all(len(row) == len(grid.starts) <= 20 for row in grid.cells)
    assert sum(map(sum, grid.cells)) == len(lengths)


def test_nothing_has_no_distribution(team: Team) -> None:
    assert trends.distribution(Totals()) == []
    assert trends.latency_grid(team.id, WEEK).cells == []


def test_live(team: Team) -> None:
    start = NOW - timedelta(hours=5)
    send(
        team,
        report(status=Status.RUNNING, started_at=start, finished_at=None),
        report(status=Status.QUEUED, started_at=None, finished_at=None),
        report(status=Status.WAITING, finished_at=None, workflow="other"),
        report(),
    )
    assert trends.live(team.id) == trends.Live(1, 1, 1, start)
    other = workflows.named(team.id, "other")
    assert other
    assert trends.live(team.id, workflow_id=other.id) == trends.Live(0, 0, 1, None)
    assert trends.live(team.id, environment="staging") == trends.Live(0, 0, 0, None)


def test_as_of_is_the_oldest_mark(team: Team) -> None:
    later = NOW + timedelta(seconds=9)
    assert trends.as_of(team.id, later) == later
    send(team, report())
    assert trends.as_of(team.id, later) == NOW
    fold_all(NOW)
    assert not DirtyBucket.objects.exists()
    assert trends.as_of(team.id, later) == later


def test_known_range(team: Team) -> None:
    assert trends.known_range(team.id, NOW) == (NOW - DAY, NOW)
    store(team, report(started_at=None, finished_at=NOW - timedelta(days=40, minutes=5)))
    assert trends.known_range(team.id, NOW) == (NOW - timedelta(days=40, hours=1), NOW)


def test_release_marks(team: Team) -> None:
    store(team, report(release="v1"), report(release="v2", workflow="b"))
    assert {mark.name for mark in release_marks(team.id, Window(NOW - DAY, NOW + DAY))} == {"v1", "v2"}


def test_workflows_are_worst_first(team: Team) -> None:
    runs = {"fine": (100, 0), "bad": (50, 10), "few": (1, 1), "silent": (0, 0)}
    old = NOW - timedelta(days=30)
    reports = [report(workflow=name, finished_at=old, started_at=old) for name in runs]
    for name, (good, failed) in runs.items():
        reports += [report(workflow=name) for _ in range(good)]
        reports += [report(workflow=name, status=Status.FAILED) for _ in range(failed)]
    store(team, *reports)
    for name in ("fine", "bad"):
        workflow = workflows.named(team.id, name)
        assert workflow
        workflow.objective_success_rate = 0.95
        workflow.save()
    rows = workflows.listing(team.id, WEEK, NOW, environment="production")
    assert [row.name for row in rows] == ["bad", "few", "fine", "silent"]
    assert [row.verdict.kind.value for row in rows[:3]] == ["not_stable", "not_enough_data", "stable"]
    assert rows[0].last_run_at == NOW - MINUTE
    assert (rows[3].last_run_at, rows[3].points) == (None, [])
    assert sum(point.totals.runs for point in rows[0].points) == 60


def test_query_counts_do_not_grow(team: Team) -> None:
    counts = []
    for number in (1, 20):
        store(team, *(report(workflow=f"w{n}", steps=[step(node=f"n{n}")]) for n in range(number)))
        with CaptureQueriesContext(connection) as queries:
            workflows.listing(team.id, WEEK, NOW)
            trends.by_value(team.id, WEEK, Dimension.NODE)
            trends.series(team.id, WEEK)
        counts.append(len(queries))
    assert counts[0] == counts[1]
