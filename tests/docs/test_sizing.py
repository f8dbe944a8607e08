"""The table of sizes in docs/scaling.md is what the formula makes of the figures above it."""

import json
from pathlib import Path

import pytest

from bench.sizing import COORDINATOR_FACTOR, NODE_FACTOR, RESULTS, Figures, figures_of, inputs, size, table

PAGE = (Path(__file__).parents[2] / "docs/scaling.md").read_text()


def figures_of_page() -> Figures:
    """The figures that the page says it was computed from."""
    _, _, rest = PAGE.partition("| web, s | worker, s | database, s | bytes |\n|---|---|---|---|\n")
    return Figures(*(float(cell) for cell in rest.splitlines()[0].strip("| ").split("|")))


def test_the_page_has_the_sizes_of_its_figures() -> None:
    told = figures_of_page()
    assert inputs(told) in PAGE
    assert table(told) in PAGE


def test_figures_come_from_the_results_of_the_benchmarks() -> None:
    told = figures_of(json.loads(RESULTS.read_text()))
    assert min(told.web_s, told.worker_s, told.database_s, told.step_bytes) > 0


def test_cores_are_steps_of_a_second_times_seconds_of_a_step_over_the_busy_share() -> None:
    one = size(864_000_000, Figures(web_s=60, worker_s=30, database_s=15, step_bytes=1))
    assert (one.peak_a_second, one.machines) == (40_000, 1)
    assert (one.web_cores, one.worker_cores, one.database_cores, one.coordinator_cores) == pytest.approx((4, 2, 1, 0))


def test_a_disk_that_is_too_small_makes_a_cluster_and_costs_its_factors() -> None:
    one = size(864_000_000, Figures(web_s=60, worker_s=30, database_s=15, step_bytes=200))
    assert one.terabytes == pytest.approx(5.184)
    assert one.machines == 2
    assert (one.database_cores, one.coordinator_cores) == pytest.approx((NODE_FACTOR, COORDINATOR_FACTOR))
