"""Feedback of the SDK as judgements on executions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ingestion.adapters import wire
from ingestion.adapters.langsmith.sent import SentJudgement
from ingestion.adapters.langsmith.told import as_text, cut, read_optional_id, read_time
from ingestion.adapters.refusals import Refused
from ingestion.records import ExecutionReport, Feedback

MAX_COMMENT = 10_000
_MAX_SCORE = 1e300
_ABOUT_RUN = "is missing: feedback is kept with the execution of a run, so tell run_id and trace_id"
_UNTRACED = "is missing, and no run with the told run_id is known yet: tell trace_id with the feedback"
_KEPT = ("value", "correction", "feedback_source", "extra", "comparative_experiment_id", "feedback_group_id", "error")


def trace_of(sent: SentJudgement) -> tuple[str | None, str | None]:
    """The trace that was judged; else the run. Raises `Refused`."""
    trace = read_optional_id(sent.told.get("trace_id"), "trace_id")
    run = read_optional_id(sent.told.get("run_id"), "run_id")
    if trace is None and run is None:
        raise Refused("run_id", _ABOUT_RUN)
    return trace, None if trace else run


def read(sent: SentJudgement, known: Mapping[str, str], now: datetime) -> ExecutionReport:
    """A judgement as a part of its execution; a later one on the same key wins. Raises `Refused`."""
    told = sent.told
    trace, hint = trace_of(sent)
    trace = trace or known.get(hint or "")
    if trace is None:
        raise Refused("trace_id", _UNTRACED)
    key = told.get("key")
    if not isinstance(key, str) or not 0 < len(key) <= wire.MAX_NAME:
        raise Refused("key", f"must be text of 1 to {wire.MAX_NAME} characters")
    at = read_time(told.get("modified_at") or told.get("created_at"), "created_at", now)
    run = read_optional_id(told.get("run_id"), "run_id")
    kept = {name: told[name] for name in _KEPT if told.get(name) not in (None, {}, "")}
    if run and run != trace:
        kept["run_id"] = run
    return ExecutionReport(
        id=trace,
        revision=int(at.timestamp() * 1000) if at else 0,
        feedback=[Feedback(key=key, score=_score(told), comment=_comment(told))],
        attributes={f"feedback.{key}": kept} if kept else None,
    )


def _score(told: dict[str, Any]) -> float | None:
    """The score, else a value that is a number; true is 1."""
    for name in ("score", "value"):
        value = told.get(name)
        if isinstance(value, bool | int | float) and abs(value) < _MAX_SCORE:
            return float(value)
    return None


def _comment(told: dict[str, Any]) -> str | None:
    """The comment, with a value in words before it."""
    comment, value = told.get("comment"), told.get("value")
    words = [value] if isinstance(value, str) and value else []
    words += [as_text(comment)] if comment not in (None, "") else []
    return cut(": ".join(words), MAX_COMMENT) if words else None
