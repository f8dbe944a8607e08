"""Rows of the list of executions: what they lead to, what they say of the unknown, and that they escape."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from monitoring.models.execution import Clock
from monitoring.reads.executions import ExecutionRow
from monitoring.reads.figures import Tokens
from monitoring.statuses import Status
from monitoring.templatetags.execution_rows import execution_rows, shortened

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ID = uuid.UUID(int=7)
ROW = ExecutionRow(
    id=ID, external_id="run-1", attempt=1, origin_id=ID, workflow_id=ID, workflow="Leads", workflow_slug="leads",
    release="v1", environment="production", trigger=None, input_type="form", status=Status.FAILED, started_at=AT,
    finished_at=AT, counted_at=AT, clock=Clock.TOLD, duration_ms=1500.0, error="no answer", failed_node="fetch",
    failure_group_id=None, tokens=Tokens(input=12), unpriced_tokens=None, cost_usd=Decimal("0.02"), step_count=1,
    failed_step_count=1, retry_count=0, url=None,
)  # fmt: skip


def test_a_row_leads_to_its_replay_and_workflow_with_the_range() -> None:
    html = execution_rows([ROW], "any", "?from=now-1h&to=now")
    assert f'href="/t/any/executions/{ID}/?from=now-1h&amp;to=now"' in html
    assert 'href="/t/any/workflows/leads/?from=now-1h&amp;to=now"' in html
    assert "Failed" in html
    assert "no answer" in html


def test_what_nobody_told_is_not_a_figure() -> None:
    bare = replace(
        ROW, workflow=None, workflow_slug=None, started_at=None, duration_ms=None, tokens=Tokens(), cost_usd=None
    )
    html = execution_rows([bare], "team")
    assert '<span class="mut">not told</span>' in html
    assert '<span class="t2">time not told</span>' in html
    assert html.count('<span class="mut">–</span>') == 3
    assert "not priced" in execution_rows([replace(bare, unpriced_tokens=5)], "team")


def test_texts_of_senders_are_escaped_and_cut() -> None:
    row = replace(ROW, external_id="<b>1", error="<script>" + "x" * 200, input_type="a&b", workflow="<i>")
    html = execution_rows([row], "team")
    assert "<script>" not in html
    assert "<b>1" not in html
    assert "a&amp;b" in html
    assert "&lt;i&gt;" in html
    assert shortened("x" * 91, 90) == "x" * 89 + "…"
