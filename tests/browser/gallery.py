"""Each component of `templates/components` in each of its states, with values as pages hand them over."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.html import format_html

from monitoring.cells import Cell, Column, Rows, code, number, text
from monitoring.models.execution import Clock
from monitoring.presentation import (
    Action,
    Chart,
    Fact,
    FilterChip,
    FilterChoice,
    HeatMap,
    Link,
    Marker,
    RailStep,
    Series,
    Span,
    Threshold,
    TimelineRow,
)
from monitoring.reads.executions import ExecutionRow
from monitoring.reads.figures import Tokens
from monitoring.statuses import Status
from monitoring.templatetags.components import SIGNS

States = Mapping[str, Mapping[str, Any]]
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HREF = "/sign-in/"
LONG = "Leads that came by the form of the partner's site, checked, enriched and handed to sales, second version"
# The frame and what stands in it on every page: tests of pages look at these.
OF_THE_FRAME = frozenset(
    {
        *(
            "_brand",
            "_chart_scripts",
            "_copy_link",
            "_cron_words",
            "_hatch",
            "_head",
            "_help",
            "_keys_help",
            "_messages",
            "_nav",
        ),
        *("_range_picker", "_sample", "_scripts", "_seen_as", "_sidebar", "_theme_toggle", "_top_tools", "_user_menu"),
    }
)
SIGNED = {"ok": "ok", "warn": "warn", "fail": "fail", "run": "running"}
_STARTS = [NOW - timedelta(hours=12 - place) for place in range(12)]
_WINDOW = (NOW - timedelta(hours=12), NOW)


def _chart(key: str, **changes: Any) -> Chart:
    told: dict[str, Any] = {
        "id": f"gallery-{key}",
        "kind": "line",
        "unit": "percent",
        "label": "Success rate falls from 99% to 91% at 06:00",
        "starts": _STARTS,
        "bucket_ms": 3_600_000,
        "series": [Series("Success rate", [0.99, 0.98, None, 0.99, 0.98, 0.97, 0.91, 0.9, 0.92, 0.91, 0.9, 0.91])],
        "window": _WINDOW,
        "height": "rate",
    }
    return Chart(**{**told, **changes})


def _card(key: str, *charts: Chart, **more: Any) -> dict[str, Any]:
    told = {"id": f"card-{key}", "title": "Outcomes", "sub": "worse since 06:00", "charts": charts}
    return {**told, "legend": [("line", "Success rate")], **more}


_BAND = [
    Series("p50", [900.0, None, *[1_000.0] * 10]),
    *(Series(f"p{name}", [float(name) * 30] * 12, role="area") for name in ("90", "95", "99")),
    Series("Average", [1_300.0] * 12, "c2", "average"),
]
_BARS = [Series("Succeeded", [40, 41, 0, 39, 44, 40, 36, 35, 38, 37, 36, 39], "bar")]
_BARS.append(Series("Failed", [0, 1, 0, 0, 1, 1, 4, 4, 3, 4, 4, 4], "fail"))
CHARTS: States = {
    "a line with objective, release and band": _card(
        "line",
        _chart(
            "line",
            objective=Threshold(0.97, "Objective 97%"),
            markers=[Marker(NOW - timedelta(hours=6), "Release 42")],
            spans=[Span(NOW - timedelta(hours=6), NOW - timedelta(hours=4))],
        ),
        note="Hours without a run have no rate.",
        csv_href=HREF,
    ),
    "bars": _card(
        "bars",
        _chart("bars", kind="bars", unit="count", height="small", series=_BARS, label="Failures rise from 1 to 4"),
        legend=[("bar", "Succeeded"), ("fail", "Failed")],
    ),
    "a band of latency": _card(
        "band",
        _chart("band", kind="band", unit="ms", series=_BAND, height="medium", label="p95 stays at 2.9 s"),
        legend=[("line", "p50"), ("b1", "p90 to p95"), ("b2", "to p99"), ("avg", "average")],
    ),
    "no bucket": _card("none", _chart("none", starts=[], series=[Series("Success rate", [])], label="Nothing to draw")),
}


def _run(external_id: str, status: Status, **changes: Any) -> ExecutionRow:
    names = ("origin_id", "workflow_id", "release", "trigger", "input_type", "finished_at", "error", "failed_node")
    told: dict[str, Any] = {
        **dict.fromkeys((*names, "failure_group_id", "unpriced_tokens", "cost_usd", "url")),
        **{"id": UUID(int=1), "external_id": external_id, "attempt": 1, "workflow": "Leads", "workflow_slug": "leads"},
        **{"environment": "production", "status": status, "started_at": NOW, "counted_at": NOW, "clock": Clock.TOLD},
        **{"duration_ms": 36_200.0, "tokens": Tokens(), "step_count": 7, "failed_step_count": 1, "retry_count": 0},
    }
    return ExecutionRow(**{**told, **changes})


def _samples(*rows: ExecutionRow, **more: Any) -> dict[str, Any]:
    told = {"samples": rows, "order_words": "newest first", "shown": f"{len(rows)} of {len(rows)}", "sort": "-time"}
    return {**told, "first_href": HREF, "samples_csv": HREF, **more}


_COLUMNS = (
    Column("Node"),
    Column("Workflow"),
    Column("Failed visits", is_number=True),
    Column("Share", is_number=True),
)
_CELLS = Rows(
    "cells",
    "",
    _COLUMNS,
    [
        [
            code("score", href=HREF),
            text("Leads", href=HREF, sub="production"),
            number("41", 41, sub="was 3", tone="fail"),
            Cell("78%", raw=0.78, is_number=True, share=0.78),
        ],
        [
            code("a" * 80),
            text(LONG),
            number("0", 0, tone="ok"),
            Cell("unknown", is_number=True),
        ],
    ],
    "No visit of a node failed.",
    "12 more in the export",
)
_NO_CELLS = Rows("none", "", _COLUMNS, [], "No visit of a node failed.")
_CARD = {"title": "Failing nodes", "sub": "the week before"}

GALLERY: dict[str, States] = {
    "_card_head": {
        "title": {"id": "head-1", "title": "Runs"},
        "reading, link and export": {
            **{"id": "head-2", "title": "Runs", "sub": "newest first, 50 of 7,004", "csv": True},
            **{"link_href": HREF, "link_text": "All of them"},
        },
        "too long": {"id": "head-3", "title": LONG, "sub": LONG, "csv_href": HREF},
    },
    "_cells": {"rows": {"table": _CELLS}, "none": {"table": _NO_CELLS}},
    "_cells_card": {
        "rows": {**_CARD, "id": "cells-card-1", "table": _CELLS, "compared": True},
        "none": {**_CARD, "id": "cells-card-2", "table": _NO_CELLS},
    },
    "_chart_card": CHARTS,
    "_code_block": {
        "lines": {"id": "code-1", "text": '{\n  "company": "Northwind",\n  "score": null\n}', "label": "Input"},
        "one long line": {"id": "code-2", "text": "sr_" + "k" * 300, "label": "Key", "wrap": True},
    },
    "_confirm": {
        "harmless": {"id": "ask-1", "title": "Process again?", "text": "Nothing is doubled.", "label": "Process again"},
        "cannot be taken back": {
            **{"id": "ask-2", "title": "Remove the source?", "text": "Its ledger goes. Executions stay."},
            **{"label": "Remove the source", "danger": True},
        },
    },
    "_csv_link": {"usual": {}, "named": {"href": HREF, "label": "Export the ledger"}},
    "_dialog": {"text": {"id": "dialog-1", "title": "Keys", "text": "Single keys are off inside fields."}},
    "_difference": {
        "lines": {
            "lines": [("same", "company"), ("del", "score: 0.7"), ("add", "score: null"), ("add", "x" * 200)],
            "label": "Output of score",
        },
        "none": {"lines": [("same", "company")], "label": "Output of score"},
    },
    "_empty_state": {
        **{kind: {"kind": kind} for kind in ("new", "filters", "partial", "past_retention", "no_permission", "failed")},
        "with a way on": {"kind": "filters", "action_href": HREF, "action_label": "Clear filters"},
        "in other words": {
            **{"kind": "past_retention", "title": "Payload deleted on 2 Nov"},
            **{"text": "By the 30-day rule; figures are kept."},
        },
    },
    "_filter_bar": {
        "search alone": {"search": "Search ids and errors"},
        "filters in force": {
            "chips": [FilterChip("Status", "failed", HREF), FilterChip("Model", LONG, HREF, excluded=True)],
            "clear_href": HREF,
            "choices": [FilterChoice("model", "Model", [("a", "a")]), FilterChoice("error", "Error")],
        },
    },
    "_filter_chip": {
        "wanted": {"chip": FilterChip("Status", "failed", HREF)},
        "left out": {"chip": FilterChip("Status", "failed", HREF, excluded=True)},
        "too long": {"chip": FilterChip("Error", "x" * 300, HREF)},
    },
    "_heat_map": {
        "counts": {
            "heat": HeatMap(
                "Latency by hour", ["0–1 s", "1–5 s", "over 5 s"], ["Mon", "", "Wed"], [[4, 9, 1], [0, 2, 3], [0, 0, 7]]
            )
        },
        "rows over the objective": {
            "heat": HeatMap("Latency by hour", ["0–1 s", "over 1 s"], ["Mon", ""], [[4, 9], [1, 5]], [False, True])
        },
        "nothing": {"heat": HeatMap("Latency by hour", ["0–1 s"], ["Mon", ""], [[0, 0]])},
    },
    "_kpi": {
        "alone": {"label": "Latency, p95", "value": "36.2", "unit": "s"},
        "worse": {
            **{"label": "Latency, p95", "value": "36.2 s", "change": "+142%", "tone": "fail"},
            **{"note": "on the week before", "points": [4, 6, None, 9, 30], "spark_tone": "fail"},
        },
        "better": {
            **{"label": "Latency, p95", "value": "36.2 s", "change": "−12%", "tone": "ok"},
            **{"note": "on the week before", "points": [30, 28, 20]},
        },
        "explained": {
            **{"label": "Success rate", "value": "94.1%", "metric": "success_rate", "place": "gallery"},
            "arithmetic": [("Succeeded", "6,591"), ("Ended", "7,004")],
        },
        "unknown": {"label": "Success rate", "value": "unknown", "note": "only failures are reported"},
        "too long": {"label": LONG, "value": "1,234,567,890.12", "unit": "USD", "change": "+1,000,000%", "note": LONG},
    },
    "_live": {
        "asks": {"text": "Updated 12 s ago", "url": "/gallery/live/", "every": 600},
        "text alone": {"text": "Figures as of 14:10"},
    },
    "_pagination": {
        "first": {"next_href": HREF, "shown": "1–50 of 412"},
        "middle": {"next_href": HREF, "previous_href": HREF, "shown": "51–100 of 412"},
        "too many": {"previous_href": HREF, "shown": "first 10,000 shown"},
    },
    "_pill": {
        "plain": {"text": "Paused"},
        **{tone: {"text": "Paused", "tone": tone, "glyph": glyph} for tone, glyph in SIGNED.items()},
    },
    "_samples": {
        "rows": _samples(
            _run("exec-1", Status.FAILED, error="KeyError: company", failed_node="score", input_type="partner form"),
            _run(
                "e" * 90, Status.TIMED_OUT, attempt=3, started_at=None, duration_ms=None, error="x" * 300, release=LONG
            ),
            has_step=True,
            next_href=HREF,
        ),
        "none on this page": _samples(),
    },
    "_segmented": {
        "first": {"label": "Environment", "links": [Link("production", HREF, True), Link("test", HREF)]},
        "second": {"label": "Environment", "links": [Link("production", HREF), Link("test", HREF, True)]},
    },
    "_share_meter": {
        "above the usual share": {"share": 0.779, "usual": 0.128, "tone": "fail", "label": "77.9%, 12.8% usually"},
        "as usual": {"share": 0.128, "usual": 0.128, "label": "12.8%"},
        "none": {"share": 0.0, "label": "0%"},
        "all": {"share": 1.0, "tone": "accent", "label": "100%"},
    },
    "_skeleton": {"kpi": {"kind": "kpi"}, "chart": {"kind": "chart"}, "table": {"kind": "table", "rows": "123"}},
    "_sort_header": {
        "not sorted": {"label": "Duration", "key": "duration", "sort": "time", "first": "-", "end": True},
        "rising": {"label": "Duration", "key": "duration", "sort": "duration"},
        "falling": {"label": "Duration", "key": "duration", "sort": "-duration"},
    },
    "_sparkline": {
        "line": {"points": [1, 4, 2, 8], "label": "Runs by day"},
        "gap": {"points": [1, 4, None, 2, 8], "label": "Runs by day"},
        "failures": {"points": [1, 4, 2, 8], "tone": "fail", "label": "Failures by day"},
        "flat": {"points": [0, 0, 0], "label": "No runs"},
    },
    "_status": {
        **{word: {"status": word} for word in SIGNS},
        "in other words": {"status": "failed", "text": "KeyError: company"},
        "glyph alone": {"status": "failed", "icon_only": True},
    },
    "_status_pill": {word: {"status": word} for word in ("succeeded", "failed", "running", "unknown")},
    "_step_rail": {
        "at the first": {"steps": [RailStep(1, "Trends", "94.1%", HREF, "current"), RailStep(2, "Failures", "", HREF)]},
        "at the third": {
            "steps": [
                RailStep(1, "Trends", "94.1%", HREF, "done"),
                RailStep(2, "Failures", "3 groups", HREF, "done"),
                RailStep(3, "Replay", LONG, HREF, "current"),
                RailStep(4, "Classify", "not yet"),
                RailStep(5, "Improve"),
            ]
        },
    },
    "_tabs": {
        "first": {"label": "Parts", "links": [Link("Input", HREF, True), Link("Output", HREF)]},
        "many": {"label": "Parts", "links": [Link(f"{LONG[:20]} {n}", HREF, n == 2) for n in range(12)]},
    },
    "_timeline_head": {"usual": {"span_ms": 50_000}},
    "_timeline_row": {
        "succeeded": {"row": TimelineRow("fetch", "succeeded", 0, 20_000, usual=(8_000, 22_000)), "span_ms": 50_000},
        "failed, with pauses": {
            "row": TimelineRow("score", "failed", 20_000, 25_000, note="3 tries", waits=[(5_000, 4_000)]),
            "span_ms": 50_000,
        },
        "diverged": {"row": TimelineRow("branch", "diverged", 1_000, 2_000, critical_share=0.4), "span_ms": 50_000},
        "chosen": {
            "row": TimelineRow("score", "failed", 20_000, 25_000, href=HREF, current=True, depth=2, icon="globe"),
            "span_ms": 50_000,
        },
        "not taken": {"row": TimelineRow("send", "not_taken", None, None), "span_ms": 50_000},
        "time not told": {"row": TimelineRow("a" * 120, "unknown", None, None), "span_ms": 50_000},
    },
    "_toast": {
        "done": {"text": "The rule is saved.", "tone": "ok"},
        "failed": {"text": "The rule is not saved: another one has this name.", "tone": "fail"},
    },
    "_verdict": {
        tone: {
            "question": "Is this process running stably?",
            "answer": "The same answer in each tone.",
            "tone": tone,
            "paragraphs": [format_html("<b>{}</b> of {} runs failed.", "321", "7,004")],
            "pills": [Fact("since 19 Nov, 14:10 UTC", "clock"), Fact("local")],
            "actions": [Action("See the 321 failed samples", HREF, "list", primary=True), Action("Alert me", HREF)],
            "note": "Estimates say so.",
        }
        for tone in ("ok", "watch", "fail", "idle")
    }
    | {"alone": {"question": "Is this process running stably?", "answer": "w" * 200, "tone": "idle"}},
}
