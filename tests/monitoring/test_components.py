"""The pieces of pages: what a reader sees of ranges, statuses, charts, timelines and small drawings."""

import re
import zoneinfo
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone

from monitoring.presentation import Chart, HeatMap, Marker, RailStep, Series, Threshold, TimelineRow, axis_span_ms
from monitoring.statuses import Status
from monitoring.templatetags.components import heat_cells, range_view, spark_paths, timeline_marks
from monitoring.templatetags.figures import chart_table
from monitoring.windows import Window

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WEEK = Window(datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC), "now-7d", "now")


def piece(name: str, **values: Any) -> str:
    request = RequestFactory().get("/t/north/workflows/?env=test&sort=name")
    return render_to_string(f"components/_{name}.html", values, request)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    return NOW


@pytest.mark.usefixtures("now")
def test_the_range_is_written_with_its_zone() -> None:
    assert range_view(WEEK)["label"] == "16 – 22 Nov, UTC"
    assert [preset["current"] for preset in range_view(WEEK)["presets"]] == [False, False, True, False, False]
    day = Window(NOW - timedelta(hours=2), NOW)
    assert range_view(day)["label"] == "22 Nov, 10:00 – 12:00 UTC"
    with timezone.override(zoneinfo.ZoneInfo("Europe/Berlin")):
        berlin = range_view(day)
    assert berlin["from_local"] == "2026-11-22T11:00"
    assert berlin["from_iso"] == "2026-11-22T10:00:00Z"


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_a_glyph_and_a_word(status: Status) -> None:
    html = piece("status", status=status)
    assert status.word.replace("_", " ").capitalize() in html
    assert "#i-" in html


def test_a_step_that_cannot_be_opened_is_no_link() -> None:
    html = piece("step_rail", steps=[RailStep(1, "Trends", "94%", "/x", "current"), RailStep(4, "Classify")])
    assert html.count("<a ") == 1
    assert 'aria-current="step"' in html


def test_sorting_turns_round_and_keeps_the_filters() -> None:
    html = piece("sort_header", label="Name", key="name", sort="name")
    assert 'aria-sort="ascending"' in html
    assert "?env=test&amp;sort=-name" in html


def test_a_gap_in_a_sparkline_stays_a_gap() -> None:
    assert spark_paths([1, 2, None, 2, 1])["line"].count("M") == 2
    assert spark_paths([]) == {"line": "", "area": ""}
    assert "NaN" not in spark_paths([0, 0])["line"]


def outcomes(**changes: Any) -> Chart:
    values: dict[str, Any] = {
        "id": "rate",
        "kind": "line",
        "unit": "percent",
        "label": "Falls on Thursday",
        "starts": [WEEK.start, WEEK.start + timedelta(hours=3)],
        "bucket_ms": 10_800_000,
        "series": [Series("Success rate", [0.98, None])],
        "window": (WEEK.start, WEEK.end),
        "objective": Threshold(0.97, "Objective 97%"),
        "markers": [Marker(NOW, "Release <42>")],
    }
    return Chart(**{**values, **changes})


@pytest.mark.usefixtures("now")
def test_a_chart_has_its_finding_its_data_and_a_table() -> None:
    html = piece("chart_card", id="c", title="Outcomes", charts=[outcomes()], legend=[("line", "Success rate")])
    assert 'role="img" aria-label="Falls on Thursday"' in re.sub(r"\s+", " ", html)
    assert "Release \\u003C42\\u003E" in html
    rows = [["16 Nov, 00:00 UTC", "98.0%"], ["16 Nov, 03:00 UTC", "–"]]
    assert chart_table([outcomes(markers=[])]) == {"head": ["From", "Success rate"], "rows": rows}
    marked = chart_table([outcomes(), outcomes(markers=[Marker(NOW, "")])])
    assert marked["head"][-1] == "Marked"
    assert [row[-1] for row in marked["rows"]] == ["", "Release <42>"]
    assert chart_table([])["rows"] == []


def test_a_step_without_a_clock_has_no_bar() -> None:
    assert timeline_marks(TimelineRow("a", "unknown", None, None), 1000) == []
    marks = timeline_marks(TimelineRow("a", "failed", 100, 500, usual=(50, 200), waits=[(0, 100)]), 1000)
    assert [mark["kind"] for mark in marks] == ["usual", "wait", "fail"]
    assert "not told" in piece("timeline_row", row=TimelineRow("a", "unknown", None, None), span_ms=1000)


@pytest.mark.parametrize(("longest", "span"), [(44_000, 50_000), (900, 1_000), (10**12, 10**12)])
def test_the_axis_of_a_timeline_is_round(longest: float, span: float) -> None:
    assert axis_span_ms(longest) == span


def test_heat_is_drawn_for_told_cells_only() -> None:
    cells = heat_cells(HeatMap("Latency", ["0–1 s", "over 1 s"], ["Mon", ""], [[0, 4], [1, 0]], [False, True]))["cells"]
    assert [cell["kind"] for cell in cells] == ["none", "lo", "hi", "none"]


@pytest.mark.parametrize("kind", ["new", "filters", "partial", "past_retention", "no_permission", "failed"])
def test_an_empty_part_says_why_and_shows_a_way_on(kind: str) -> None:
    html = piece("empty_state", kind=kind, action_href="/x", action_label="Clear filters")
    assert "<h3>" in html
    assert 'href="/x"' in html


def test_forms_keep_the_rest_of_the_address() -> None:
    html = piece("filter_bar", search="Search executions")
    assert '<input type="hidden" name="env" value="test">' in html
