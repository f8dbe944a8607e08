"""From a report to rows: names become ids, times and counts go to columns, the rest into one payload chunk."""

from datetime import datetime
from uuid import UUID

import msgspec

from ingestion.facets import facets_of
from ingestion.records import ExecutionReport, Failure, LogReport, Resources, StepReport
from ingestion.usage import detail_of, parts_of, token_columns
from monitoring.analysis.fingerprint import normalise_error
from monitoring.identity import PRODUCTION, LabelKind, StepIds, derive_number, execution_id
from monitoring.statuses import FAILING
from monitoring.store.classes import DEFAULT, Classes, class_of_line
from monitoring.store.fields import EXECUTION, STEP, Row
from monitoring.store.labels import Names
from monitoring.store.merge import revisions_of
from monitoring.store.parts import Part
from monitoring.store.payloads import Scope, make_chunk, merge_scopes

MAX_ERROR = 500

# Plain numbers: an enumeration's members hash slowly.
NODE, NODE_KIND, PROVIDER, MODEL, TOOL, SYSTEM = (
    int(kind)
    for kind in (
        LabelKind.NODE,
        LabelKind.NODE_KIND,
        LabelKind.PROVIDER,
        LabelKind.MODEL,
        LabelKind.TOOL,
        LabelKind.SYSTEM,
    )
)
_REVISIONS = EXECUTION.index["revisions"]
# From there on columns are computed when a row is written.
_COMPUTED = (None,) * (len(EXECUTION.names) - _REVISIONS)
# The columns of the fields that `ExecutionReport.ranks` may name.
_RANKED = {
    "workflow": "workflow_id",
    "release": "release_id",
    "environment": "environment_id",
    "trigger": "trigger_id",
    "status": "status",
    "started_at": "started_at",
    "finished_at": "told_finished_at",
    "parent_execution": "parent_execution_id",
    "retry_of": "origin_id",
}
_NO_RESOURCES: tuple[None, ...] = (None,) * 5
_encode = msgspec.json.encode


def make_part(names: Names, report: ExecutionReport, now: datetime, classes: Classes = DEFAULT) -> Part:
    """The rows of one report. Collects the names it mentions in `names`; touches no database."""
    return _Builder(names, report, now, classes).part()


def _told_error(error: Failure) -> Scope:
    told = {"type": error.type, "message": error.message, "detail": error.detail}
    return {name: value for name, value in told.items() if value is not None}


class _Builder:
    """Builds the part of one report."""

    def __init__(self, names: Names, report: ExecutionReport, now: datetime, classes: Classes) -> None:
        self.names = names
        self.report = report
        self.now = now
        self.attempt = report.attempt or 1
        self.id = execution_id(names.team_id, report.id, self.attempt)
        self.workflow_id = self._workflow()
        self.retention_class = int(classes.of(report.environment or "", self.workflow_id))
        self.anchor_day = (report.started_at or report.placed_at or now).date()
        self.error_texts: dict[int, str] = {}
        # Each is mentioned twice and more, by the step and by its children.
        self.step_ids = StepIds(self.id)

    def part(self) -> Part:
        """All rows."""
        report = self.report
        scopes: dict[str, Scope] = {}
        steps = [self._step(step, scopes) for step in report.steps] if report.steps else []
        chunk = make_chunk(report.revision, self._scope(), scopes)
        place = (self.retention_class, self.anchor_day)
        return Part(
            execution=self._execution(),
            steps=steps,
            payload=[self.id, chunk[0], *place, chunk[1]] if chunk else None,
            logs=[self._log(line) for line in report.logs] if report.logs else [],
            error_texts=self.error_texts,
        )

    def _label(self, kind: LabelKind, value: str | None) -> int | None:
        return self.names.label(kind, value) if value else None

    def _error(self, error: Failure | None) -> tuple[str | None, int | None]:
        """The text of an error and the id of its fingerprint."""
        text = (error.message or error.type) if error else None
        if error is None or not text:
            return None, None
        shown = normalise_error(error.type, error.message)
        if not shown:
            return text[:MAX_ERROR], None
        number = self.names.label(LabelKind.ERROR, shown)
        self.error_texts[number] = shown
        return text[:MAX_ERROR], number

    def _workflow(self) -> UUID | None:
        report = self.report
        if not report.workflow:
            return None
        workflow = self.names.workflow(report.workflow, report.workflow_type or "")
        if report.schedule:
            day = (report.started_at or report.placed_at or self.now).date()
            self.names.schedule(workflow, (day, report.schedule, report.schedule_zone or "UTC"))
        if report.release:
            seen_at = report.finished_at or report.started_at or report.placed_at or self.now
            self.names.release(workflow, report.release, seen_at, report.commit)
        return workflow

    def _environment(self) -> int | None:
        """The label of the environment; None for production, which stands for "not told" and loses to others."""
        told, ranks = self.report.environment, self.report.ranks
        # Made for every execution: another part may have told it no environment.
        production = self.names.label(LabelKind.ENVIRONMENT, PRODUCTION)
        if not told or told == PRODUCTION:
            # A source's default loses to production, too, where it was told: that has a rank then.
            return production if told and ranks and ranks.get("environment", 0) < 0 else None
        return self.names.label(LabelKind.ENVIRONMENT, told)

    def _execution(self) -> Row:
        """The execution's row, in the order of `EXECUTION`."""
        report, team, label = self.report, self.names.team_id, self._label
        error, error_id = self._error(report.error)
        if report.status in FAILING:
            word = report.status.word
            self.error_texts[self.names.label(LabelKind.ERROR, word)] = word
        row: Row = [
            self.id,
            report.id,
            self.attempt,
            self.retention_class,
            self.anchor_day,
            execution_id(team, report.retry_of) if report.retry_of not in (None, "", report.id) else None,
            execution_id(team, report.parent_execution) if report.parent_execution else None,
            self.workflow_id,
            label(LabelKind.RELEASE, report.release),
            label(LabelKind.COMMIT, report.commit) if report.release else None,
            self._environment(),
            label(LabelKind.TRIGGER, report.trigger),
            label(LabelKind.INPUT_TYPE, report.input_type),
            int(report.status or 0),
            report.started_at,
            report.finished_at,
            report.placed_at,
            # When it came, and when it was heard of last.
            *(self.now, self.now),
            report.clock,
            report.duration_ms,
            error,
            error_id,
            report.url,
            *_resource_columns(report.resources),
            report.cost_usd,
            list(token_columns(report.tokens)) if report.tokens else None,
            report.is_imported,
            *facets_of(report, self.names),
            *_COMPUTED,
        ]
        if report.revision or report.ranks:
            row[_REVISIONS] = self._revisions(row)
        return row

    def _revisions(self, row: Row) -> dict[str, int] | None:
        """The revisions of the columns that are told; those of single fields before the report's own."""
        found = revisions_of(EXECUTION, row, self.report.revision) or {}
        for name, rank in (self.report.ranks or {}).items():
            column = _RANKED[name]
            if row[EXECUTION.index[column]] is not None:
                found[column] = rank
        return found or None

    def _step(self, step: StepReport, scopes: dict[str, Scope]) -> Row:
        """A step's row, in the order of `STEP`; its payload goes into `scopes`."""
        labels, ids = self.names.labels_of, self.step_ids
        number = ids[step.id]
        error, error_id = (None, None) if step.error is None else self._error(step.error)
        scope, told = _step_scope(step), step.id
        scopes[told] = merge_scopes([scopes[told], scope]) if told in scopes else scope
        row: Row = [
            self.id,
            number,
            self.retention_class,
            self.anchor_day,
            ids[step.parent_id] if step.parent_id else None,
            step.position,
            step.attempt or 1,
            labels[NODE][step.node] if step.node else None,
            labels[NODE_KIND][step.kind] if step.kind else None,
            step.status,
            step.started_at,
            step.ended_at,
            step.duration_ms,
            error,
            error_id,
            labels[PROVIDER][step.provider] if step.provider else None,
            labels[MODEL][step.model] if step.model else None,
            labels[TOOL][step.tool] if step.tool else None,
            labels[SYSTEM][step.external_system] if step.external_system else None,
            *token_columns(step.tokens),
            step.cost_usd,
            detail_of(step, is_computed_first=self.report.is_computed_first),
            # Price, cost and whether others tell it again are computed when it is written.
            *(None, None, None, False, None),
        ]
        if self.report.revision:
            row[-1] = revisions_of(STEP, row, self.report.revision)
        return row

    def _log(self, line: LogReport) -> Row:
        step = self.step_ids[line.step_id] if line.step_id else None
        about = (line.at, line.position, line.level, step, line.message)
        number = derive_number(self.id.bytes, "log", _encode(about))
        class_ = class_of_line(self.retention_class, line.level, is_imported=self.report.is_imported)
        place = (class_, self.anchor_day)
        return [self.id, number, *place, step, line.at, line.position, line.level, line.message]

    def _scope(self) -> Scope:
        report = self.report
        scope: Scope = {
            name: value
            for name in ("input", "output", "attributes", "tags", "told_status", "session", "user")
            if (value := getattr(report, name)) is not None
        }
        if report.commit and not report.release:
            scope["attributes"] = {**(report.attributes or {}), "commit": report.commit}
        if report.feedback:
            scope["feedback"] = {one.key: {"score": one.score, "comment": one.comment} for one in report.feedback}
        if report.error:
            scope["error"] = _told_error(report.error)
        if report.tokens and (parts := parts_of(report.tokens)):
            scope["usage"] = parts
        return scope


def _resource_columns(used: Resources | None) -> tuple[int | None, ...]:
    if used is None:
        return _NO_RESOURCES
    memory = used.memory_bytes, used.memory_limit_bytes
    return used.api_call_count, *memory, used.storage_bytes, used.storage_limit_bytes


def _step_scope(step: StepReport) -> Scope:
    scope: Scope = {}
    if step.parent_id:
        scope["parent"] = step.parent_id
    if step.input is not None:
        scope["input"] = step.input
    if step.output is not None:
        scope["output"] = step.output
    if step.attributes:
        scope["attributes"] = step.attributes
    if step.error is not None:
        scope["error"] = _told_error(step.error)
    if step.told_status is not None:
        scope["told_status"] = step.told_status
    if step.usage:
        scope["usage"] = step.usage
    return scope
