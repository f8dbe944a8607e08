"""Two executions side by side: facts, input and output, the steps of both, and where they first part."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.audit import record
from accounts.permissions import Permission
from monitoring import wording
from monitoring.analysis.pair import DifferentValue, PairRow, align, different_values, first_parting
from monitoring.analysis.steps import Step
from monitoring.reads.analysed import run_of
from monitoring.reads.executions import rows_by_id
from monitoring.reads.replay import load
from monitoring.reads.replay_records import Replay
from monitoring.templatetags.components import SIGNS
from monitoring.templatetags.display import when_text
from monitoring.views.csv import csv_response

_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)
HEADER = ("Step of the first", "Status", "Duration, ms", "Step of the second", "Status", "Duration, ms", "Differs in")
WORDS = {
    "only": gettext_noop("only in one"),
    "status": gettext_noop("another status"),
    "error": gettext_noop("another error"),
    "empty": gettext_noop("one output is empty"),
    "shape": gettext_noop("another shape of output"),
    "duration": gettext_noop("much longer"),
}
# Rows of steps that the page shows; the CSV has all.
MAX_ROWS = 1_000
NOT_FOUND = gettext_noop("No such execution. Paste the address of a replay, or the id in it.")


@dataclass(frozen=True, slots=True)
class FactPair:
    """A fact of both, and whether they differ."""

    name: str
    left: str
    right: str

    @property
    def differs(self) -> bool:
        """Whether it is another one."""
        return self.left != self.right


@dataclass(frozen=True, slots=True)
class Answer:
    """A sentence with the name of a step in it, which is isolated where it is shown."""

    begin: str
    name: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class StepPair:
    """A row of the table of steps; a step that only one has leaves the other None."""

    left: Step | None
    right: Step | None
    words: str
    is_first: bool
    inside: str = ""


@dataclass(frozen=True, slots=True)
class CarriedPair:
    """What both carried, input or output: the values that differ, how many there are, and whether any was told."""

    title: str
    values: Sequence[DifferentValue]
    count: int
    told: str


@team_page(Permission.VIEW_FIGURES)
@require_safe
def compare_with(request: TeamRequest, execution: uuid.UUID) -> HttpResponseBase:
    """Leads to the comparison with the execution that `with` names: an id, or the address of a replay.

    Raises `Http404` where the team does not have the first.
    """
    told = request.GET.get("with", "")[:2000]
    # The address of a comparison names two: the last one is meant.
    found = _UUID.findall(told)
    slug, ids = request.team.slug, [execution, *(uuid.UUID(one) for one in found[-1:])]
    known = {row.id for row in rows_by_id(request.team.id, ids)}
    if execution not in known:
        raise Http404("No such execution.")
    if not found or ids[-1] not in known:
        messages.error(request, _(NOT_FOUND))
        return HttpResponseRedirect(reverse("replay", args=[slug, execution]))
    return HttpResponseRedirect(reverse("compare_executions", args=[slug, *ids]))


@team_page(Permission.VIEW_FIGURES)
@require_safe
def compare_executions(request: TeamRequest, execution: uuid.UUID, other: uuid.UUID) -> HttpResponseBase:
    """The page, or its steps as CSV. Raises `Http404` where the team does not have both."""
    left, right = _load(request, execution), _load(request, other)
    steps = run_of(left).steps, run_of(right).steps
    rows = align(*steps)
    if request.GET.get("format") == "csv":
        return csv_response(f"compare-{execution}.csv", HEADER, [_cells(row, *steps) for row in rows])
    first = first_parting(rows)
    pairs = [_step_pair(row, *steps, is_first=number == first) for number, row in enumerate(rows)]
    parting = pairs[first] if first is not None else None
    return TemplateResponse(
        request,
        "executions/compare.html",
        {
            "left": left,
            "right": right,
            "facts": _facts(left, right),
            "answer": _answer(parting, has_steps=bool(rows)),
            "pairs": pairs[:MAX_ROWS],
            "is_cut": len(pairs) > MAX_ROWS,
            "cut_parting": parting if first is not None and first >= MAX_ROWS else None,
            "carried": [_carried(name, left, right) for name in ("input", "output")] if left.has_payloads else [],
            "shows_payloads": left.has_payloads,
            "swap_href": reverse("compare_executions", args=[request.team.slug, other, execution]),
        },
    )


def _load(request: TeamRequest, execution: uuid.UUID) -> Replay:
    """The execution with as much of its payload as the member may see, told to the audit log. Raises `Http404`."""
    shown = request.membership.allows(Permission.VIEW_PAYLOADS)
    found = load(request.team.id, execution, payloads=shown)
    if found is None:
        raise Http404("No such page.")
    if shown:
        record("payload.viewed", ("execution", execution, found.execution.external_id))
    return found


def _facts(left: Replay, right: Replay) -> list[FactPair]:
    both = zip(_facts_of(left), _facts_of(right), strict=True)
    return [FactPair(name, one, other) for (name, one), (_name, other) in both if one or other]


def _facts_of(replay: Replay) -> list[tuple[str, str]]:
    execution = replay.execution
    return [
        (_("Status"), SIGNS[execution.outcome].word),
        (_("Workflow"), execution.workflow or ""),
        (_("Release"), execution.release or ""),
        (_("Environment"), execution.environment or ""),
        (_("Trigger"), execution.trigger or ""),
        (_("Input type"), execution.input_type or ""),
        (_("Attempt"), str(execution.attempt)),
        (_("Started"), when_text(execution.started_at) if execution.started_at else _("time not told")),
        (_("Duration"), wording.duration_ms(execution.duration_ms)),
        (_("Steps"), wording.count(execution.step_count)),
        (_("Failed steps"), wording.count(execution.failed_step_count)),
        (_("Retried steps"), wording.count(execution.retry_count)),
        (_("Tokens"), wording.tokens(execution.tokens.total) if execution.tokens.total is not None else ""),
        (_("Cost"), wording.usd(execution.cost_usd) if execution.cost_usd is not None else ""),
        (_("Failed at"), execution.failed_node or ""),
        (_("Error"), _error(replay)),
    ]


def _error(replay: Replay) -> str:
    """The error of a run that failed; one that told none is kept under its status, which is no error."""
    execution = replay.execution
    told = execution.error or execution.error_kind or ""
    return told[:500] if execution.has_failed and told != execution.status.word else ""


def _answer(first: StepPair | None, *, has_steps: bool) -> Answer:
    """Where they part, in one sentence."""
    if not has_steps:
        return Answer(_("Neither told a step, so their paths cannot be compared."))
    if first is None:
        return Answer(_("Both took the same path, with the same outcome at every step."))
    if first.left is None:
        name = first.right.name if first.right else ""
        return _around(_("They part at {step}: only the second one came there."), name)
    if first.right is None:
        return _around(_("They part at {step}: only the first one came there."), first.left.name)
    if first.left.status == first.right.status:
        return _around(_("They part at {step}: {how}."), first.left.name, how=first.words)
    one, other = (SIGNS[side.status].word.lower() for side in (first.left, first.right))
    text = _("They part at {step}: {one} in the first, {other} in the second.")
    return _around(text, first.left.name, one=one, other=other)


def _around(text: str, step: str, **words: str) -> Answer:
    """A sentence as what stands before the name of the step, the name, and what stands after it."""
    begin, _place, end = text.partition("{step}")
    return Answer(begin.format(**words).rstrip(), step, end.format(**words))


def _step_pair(row: PairRow, left: Sequence[Step], right: Sequence[Step], *, is_first: bool) -> StepPair:
    words = ", ".join(_(WORDS[name]) for name in row.differs)
    one = None if row.left is None else left[row.left]
    other = None if row.right is None else right[row.right]
    return StepPair(one, other, words, is_first, row.inside)


def _carried(name: str, left: Replay, right: Replay) -> CarriedPair:
    title = _("Input") if name == "input" else _("Output")
    one, other = left.payload, right.payload
    if name in one and name in other:
        values, count = different_values(one[name], other[name])
        return CarriedPair(title, values, count, "" if count else _("Both are the same."))
    if name in one:
        return CarriedPair(title, (), 0, _("The second told none."))
    return CarriedPair(title, (), 0, _("The first told none.") if name in other else _("Neither told one."))


def _cells(row: PairRow, left: Sequence[Step], right: Sequence[Step]) -> list[Any]:
    one = None if row.left is None else left[row.left]
    other = None if row.right is None else right[row.right]
    return [*_side(one), *_side(other), ", ".join(WORDS[name] for name in row.differs)]


def _side(step: Step | None) -> list[Any]:
    return ["", "", ""] if step is None else [step.name, step.status, step.took_ms]
