"""How much of a report is kept: all of it, or what figures need. Pure.

A part of an execution that does not tell its workflow or environment is kept by the strictest rule that may be about
it: what must not be kept is then never kept because of the order in which parts come.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec

from ingestion.records import ExecutionReport, Failure, StepReport
from monitoring.payload_marks import CAPTURE_MARK


class Capture(StrEnum):
    """How much is kept, from the least. The value is kept in the database."""

    OFF = "off"
    METADATA = "metadata"
    FULL = "full"


_STRICTNESS = {Capture.OFF: 0, Capture.METADATA: 1, Capture.FULL: 2}


class CaptureRule(msgspec.Struct, frozen=True):
    """A rule; an empty workflow or environment stands for all."""

    workflow: str
    environment: str
    capture: Capture

    @property
    def words(self) -> str:
        """What the rule is about, for people."""
        about = f"workflow {self.workflow}" if self.workflow else "all workflows"
        return f"{about} in {self.environment}" if self.environment else f"{about} in all environments"


def rule_for(rules: Sequence[CaptureRule], workflow: str | None, environment: str | None) -> CaptureRule | None:
    """The rule that counts for a report, the most exact one; None where all is kept."""
    may_be = [
        rule
        for rule in rules
        if (not workflow or rule.workflow in ("", workflow))
        and (not environment or rule.environment in ("", environment))
    ]
    if not may_be:
        return None
    if not workflow or not environment:
        return min(may_be, key=lambda rule: (_STRICTNESS[rule.capture], rule.workflow, rule.environment))
    return max(may_be, key=lambda rule: (bool(rule.workflow), bool(rule.environment)))


def apply(rules: Sequence[CaptureRule], report: ExecutionReport) -> None:
    """Takes out of a report, in place, what the team's rules do not let be kept."""
    rule = rule_for(rules, report.workflow, report.environment) if rules else None
    if rule is None or rule.capture == Capture.FULL:
        return
    is_off = rule.capture == Capture.OFF
    report.input = report.output = None
    report.attributes = {CAPTURE_MARK: f"{rule.capture}: by the rule of {rule.words}"}
    report.error = _failure(report.error, is_off=is_off)
    for step in report.steps or ():
        _strip(step, is_off=is_off)
    if is_off:
        report.tags = report.session = report.user = report.logs = report.url = None
        report.feedback = [msgspec.structs.replace(one, comment=None) for one in report.feedback or ()] or None


def _strip(step: StepReport, *, is_off: bool) -> None:
    step.input = step.output = step.attributes = None
    step.error = _failure(step.error, is_off=is_off)


def _failure(error: Failure | None, *, is_off: bool) -> Any:
    """The error without its detail; without its message, too, where nothing is kept."""
    if error is None:
        return None
    return Failure(type=error.type or "Error", message=None if is_off else error.message)
