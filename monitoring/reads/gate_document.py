"""What the gate says, as a plain document and as lines for the log of a pipeline."""

from collections.abc import Iterator
from typing import Any

from monitoring import wording
from monitoring.analysis.gate import Check, Runs
from monitoring.reads.gate import Against, Answer
from monitoring.windows import Window

NAMES = {"failure_rate": "failure rate", "max_failure_rate": "failure rate against the limit", "p95_increase": "p95"}


def gate_document(answer: Answer) -> dict[str, Any]:
    """The answer with all figures."""
    return {
        "outcome": answer.outcome.value,
        "workflow": answer.workflow,
        "release": answer.asked.release,
        "baseline": answer.baseline,
        "environment": answer.asked.environment,
        "against": answer.against.value,
        "reason": answer.reason,
        "retry_after": answer.retry_after,
        "release_runs": _side(answer.release_runs, answer.window),
        "baseline_runs": _side(answer.baseline_runs, answer.baseline_window),
        "checks": [check_document(check) for check in answer.checks],
    }


def check_document(check: Check) -> dict[str, Any]:
    """One check."""
    return {
        "check": check.name,
        "outcome": check.outcome.value,
        "reason": check.reason,
        "value": check.value,
        "baseline": check.baseline,
        "limit": check.limit,
        "interval": None if check.low is None else [check.low, check.high],
        "runs_needed": check.needed,
        "more_runs": check.more,
    }


def gate_text(answer: Answer) -> str:
    """The answer in a few lines: the outcome is the first word."""
    return "\n".join(_lines(answer)) + "\n"


def _lines(answer: Answer) -> Iterator[str]:
    asked = answer.asked
    against = f" against {answer.baseline}" if answer.baseline else ""
    where = asked.environment or "all environments"
    yield f"{answer.outcome.value}: {answer.workflow} {asked.release}{against}, {where}"
    if answer.reason:
        yield f"  {answer.reason}"
    if answer.window:
        yield f"  {asked.release}: {_runs_words(answer.release_runs)}, {_time_words(answer.window)}"
    if answer.baseline_window and answer.against != Against.NOTHING:
        words = f"{_runs_words(answer.baseline_runs)}, {_time_words(answer.baseline_window)} ({answer.against.value})"
        yield f"  {answer.baseline}: {words}"
    for check in answer.checks:
        yield f"  {check.outcome.value:9} {NAMES[check.name]}: {_check_words(check)}"


def _check_words(check: Check) -> str:
    figure = wording.duration_ms if check.name == "p95_increase" else wording.percent
    parts = [figure(check.value)]
    if check.baseline is not None:
        parts.append(f"was {figure(check.baseline)}")
    if check.name == "max_failure_rate":
        parts.append(f"limit {wording.percent(check.limit)}")
    if check.name == "p95_increase" and check.limit is not None:
        parts.append(f"limit {wording.signed_change(check.limit - 1)}")
    more = f"; {wording.count(check.more)} more {'run' if check.more == 1 else 'runs'} needed" if check.more else ""
    return f"{', '.join(parts)}: {check.reason}{more if check.outcome.value == 'undecided' else ''}"


def _runs_words(runs: Runs) -> str:
    return f"{wording.count(runs.failures)} of {wording.count(runs.rated)} runs failed"


def _time_words(window: Window) -> str:
    return f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC"


def _side(runs: Runs, window: Window | None) -> dict[str, Any]:
    return {
        "from": window.start if window else None,
        "to": window.end if window else None,
        "failures": runs.failures,
        "rated": runs.rated,
        "failure_rate": runs.rate,
    }
