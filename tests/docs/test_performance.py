"""The page on performance says what `bench/results.json` says."""

import json
from copy import deepcopy
from typing import Any
from xml.etree import ElementTree

import pytest

from bench.__main__ import KINDS
from bench.curves import chart
from bench.figures import RESULTS, Figure, figures
from bench.page import DOCS, DRAWN, render

TIMES = {"cpu_ms": 20.0, "postgres_cpu_ms": 8.0, "wall_ms": 25.0, "sql_cpu_ms": 3.0}
STEPS = {"cpu_s_per_million_steps": 90.0, "copy_cpu_s_per_million_steps": 30.0, "ratio_to_copy": 3.0}
SPANS = {"cpu_s_per_million_spans": 95.0, "copy_cpu_s_per_million_spans": 29.0, "ratio_to_copy": 3.25}
AT = {
    "pages": dict.fromkeys(DRAWN, TIMES) | {"executive_30d": TIMES, "operations": TIMES},
    "ingest": {"json": STEPS, "otlp protobuf": SPANS, "otlp json": SPANS},
    "rollups": {"cpu_s_per_million": 40.0, "sql_cpu_s_per_million": 22.0},
    "alerts": {"cpu_s": 0.2, "sql_cpu_s": 0.01},
    "exports": {"cpu_s": 2.5, "sql_cpu_s": 0.5, "lines": 12_000},
    "different_rollups": 0,
}
GROWTH: dict[str, Any] = {
    **{name: {"20000": one, "100000": one} for name, one in AT.items()},
    "steps": 10,
    "growth": {"cpu_ms": dict.fromkeys(AT["pages"], 1.0) | {"cost": 1.75}},
    "disk": {"bytes": {"execution": 12_000_000}, "bytes_per_span": 320.0},
    "loop_ms": [45.0, 60.0],
}


@pytest.fixture
def results() -> dict[str, Any]:
    """What was measured last."""
    told: dict[str, Any] = json.loads(RESULTS.read_text())
    return told


def test_page_and_curves_are_those_of_the_results(results: dict[str, Any]) -> None:
    for name, text in render(results).items():
        assert (DOCS / name).read_text() == text, f"{name}: run python -m bench.page"


def test_another_result_is_another_page(results: dict[str, Any]) -> None:
    results["idle"]["pss_mb_together"] += 1_000
    assert render(results)["performance.md"] != (DOCS / "performance.md").read_text()


def test_the_page_shows_what_was_measured_at_each_size(results: dict[str, Any]) -> None:
    told = render({**results, "growth": GROWTH})
    assert "took 45 to 60 ms" in told["performance.md"]
    assert "| trends_30d at 100,000 | 30 ms of CPU | 20 | yes |" in told["performance.md"]
    assert "| growth of the page that grows most (cost) | 1.5 times | 1.75 | no |" in told["performance.md"]
    assert "| trends_30d | 20 (8) | 20 (8) | 1.00 | 3.0 |" in told["performance.md"]
    assert "| 100,000 | OTLP protobuf | 95 | 29.0 | 3.25 |" in told["performance.md"]
    slower = deepcopy(GROWTH)
    slower["pages"]["100000"]["trends_30d"]["cpu_ms"] = 90.0
    assert render({**results, "growth": slower})["assets/growth-pages.svg"] != told["assets/growth-pages.svg"]


def test_every_figure_says_what_measures_it(results: dict[str, Any]) -> None:
    assert {one.path[0] for one in figures({**results, "growth": GROWTH})} <= set(KINDS)


def test_a_figure_that_was_not_measured_is_none() -> None:
    assert Figure("cold start", 3.0, "s", ("idle", "cold_start_cpu_s")).measured({"idle": {}}) is None
    assert Figure("cold start", 3.0, "s", ("idle", "cold_start_cpu_s")).measured({"idle": {"cold_start_cpu_s": 2}}) == 2


def test_curves_go_from_left_to_right_and_their_names_are_apart() -> None:
    drawn = ElementTree.fromstring(chart("Pages", "ms", {"one": {10: 5.0, 1_000: 7.0}, "two": {10: 5.0, 1_000: 7.1}}))
    lines = [one.attrib["points"].split() for one in drawn.iter("{http://www.w3.org/2000/svg}polyline")]
    assert [len(points) for points in lines] == [2, 2]
    assert float(lines[0][0].split(",")[0]) < float(lines[0][1].split(",")[0])
    boxes = [float(one.attrib["y"]) for one in drawn.iter("{http://www.w3.org/2000/svg}rect")]
    assert abs(boxes[0] - boxes[1]) >= 15
