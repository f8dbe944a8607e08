"""Replay: one execution, what went in, which path it took, where it failed first and what came after."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.audit import record
from accounts.permissions import Permission
from monitoring.filters import ANY, parse_filters
from monitoring.models import LegalHold
from monitoring.presentation import RailStep
from monitoring.reads import replay as reads
from monitoring.reads import trends
from monitoring.reads.classifications import decisions_about
from monitoring.reads.replay_document import document
from monitoring.reads.replay_records import ExecutionRecord, Replay
from monitoring.reads.replay_usual import usual_ranges
from monitoring.services.examination import Examined, examine
from monitoring.services.suggestions import suggestion_of
from monitoring.store.holds import held_among
from monitoring.templatetags.components import SIGNS
from monitoring.views import replay_about as about
from monitoring.views.classify import ClassifyCard, classify_card, rail_words
from monitoring.views.csv import csv_response
from monitoring.views.replay_answers import answers
from monitoring.views.replay_criteria import criteria_card
from monitoring.views.replay_divergence import divergence_card, impact_card
from monitoring.views.replay_export import Shown, csv_hrefs, export
from monitoring.views.replay_graph import draw
from monitoring.views.replay_marks import Marks, marks_of
from monitoring.views.replay_path import path_words
from monitoring.views.replay_payloads import raw_json
from monitoring.views.replay_rows import after_rows, timeline
from monitoring.views.replay_scene import Address, Scene, address_of, missing_parts, set_scene
from monitoring.views.replay_step import StepPanel, step_panel, step_part
from monitoring.views.replay_story import retried_card, story_card
from monitoring.views.shell import Scope, frame, step_rail
from monitoring.windows import week_until

CARRIED = ("input", "output", "attributes", "error")


@dataclass(frozen=True, slots=True)
class Opened:
    """A replay that is being shown: its scene, what the comparison found and marks, its address and its raw JSON's."""

    scene: Scene
    found: Examined
    marks: Marks
    address: Address
    raw: Address


@team_page(Permission.VIEW_FIGURES)
@require_safe
def replay(request: TeamRequest, execution: uuid.UUID) -> HttpResponseBase:
    """The page, one of its tables as CSV (`format=csv`, `table`); asked by htmx for the panel of a step, only that."""
    opened = _open(request, execution)
    current = _current(opened, request)
    if request.GET.get("format") == "csv":
        return _export(request, opened, current)
    if getattr(request, "htmx", None) and request.headers.get("HX-Target") == "step":
        response = _panel(request, opened, current)
    else:
        response = TemplateResponse(request, "replay/page.html", _context(request, opened, current))
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@team_page(Permission.VIEW_FIGURES)
@require_safe
def step_detail(request: TeamRequest, execution: uuid.UUID, step: str) -> HttpResponseBase:
    """The panel of one step for htmx; for anybody else the way to the replay that is open at this step."""
    opened = _open(request, execution)
    current = opened.scene.step(step)
    if current is None:
        raise Http404("No such step.")
    if not getattr(request, "htmx", None):
        return redirect(opened.address.href(opened.scene.replay.steps[current].id, "step"))
    return _panel(request, opened, current)


@team_page(Permission.VIEW_FIGURES)
@require_safe
def raw(request: TeamRequest, execution: uuid.UUID) -> HttpResponseBase:
    """Everything that is known as JSON, or one part of it (`part`, and `step` for a step's)."""
    found = _load(request, execution)
    response = StreamingHttpResponse(raw_json(_wanted(request, found)), content_type="application/json; charset=utf-8")
    kind = "attachment" if request.GET.get("download") else "inline"
    response["Content-Disposition"] = f'{kind}; filename="execution-{execution}.json"'
    return response


def _load(request: TeamRequest, execution: uuid.UUID) -> Replay:
    """The execution with as much of its payload as the member may see. Raises `Http404`."""
    shown = request.membership.allows(Permission.VIEW_PAYLOADS)
    found = reads.load(request.team.id, execution, payloads=shown)
    if found is None:
        raise Http404("No such page.")
    if shown:
        record("payload.viewed", ("execution", execution, found.execution.external_id))
    return found


def _open(request: TeamRequest, execution: uuid.UUID) -> Opened:
    scene = set_scene(_load(request, execution))
    found = examine(request.team.id, scene.replay, timezone.now())
    paths = (reverse(name, args=[request.team.slug, execution]) for name in ("replay", "replay_raw"))
    page, raw_path = paths
    return Opened(scene, found, marks_of(scene, found), address_of(page, request.GET), Address(raw_path, ""))


def _current(opened: Opened, request: HttpRequest) -> int | None:
    """The step that is open: the one asked for, else the first divergent or failed one, else the first."""
    scene = opened.scene
    asked = scene.step(request.GET.get("at", ""))
    if asked is not None:
        return asked
    if opened.marks.flag is not None:
        return opened.marks.flag
    if scene.first is not None:
        return scene.first
    return scene.order[0].index if scene.order else None


def _step_panel(request: TeamRequest, opened: Opened, current: int | None) -> StepPanel | None:
    if current is None:
        return None
    tab = request.GET.get("tab", "")
    return step_panel(opened.scene, current, tab, opened.address, opened.raw, opened.marks)


def _export(request: TeamRequest, opened: Opened, current: int | None) -> HttpResponseBase:
    """The table that is asked for. Raises `Http404` for one that the page does not show."""
    shown = Shown(request.team.id, request.team.slug, opened.scene, opened.found, opened.address, current)
    name = request.GET.get("table", "")
    table = export(shown, name)
    if table is None:
        raise Http404("No such table.")
    return csv_response(f"execution-{opened.scene.replay.execution.id}-{name}.csv", table.header, table.rows)


def _panel(request: TeamRequest, opened: Opened, current: int | None) -> HttpResponse:
    context = {"panel": _step_panel(request, opened, current), "replay": opened.scene.replay}
    return TemplateResponse(request, "replay/_step.html", context)


def _classify(request: TeamRequest, opened: Opened, execution: ExecutionRecord) -> ClassifyCard | None:
    """The suggested cause and what was decided; None for an execution that needs no cause."""
    suggested = suggestion_of(request.team.id, opened.scene.replay, opened.found, timezone.now())
    if suggested is None:
        return None
    group = execution.failure_group_id
    return classify_card(
        suggested,
        decisions_about(request.team.id, execution.id, group),
        execution.id,
        action=reverse("classify", args=[request.team.slug, execution.id]),
        may_decide=request.membership.allows(Permission.MANAGE_WORKFLOWS),
        group_href=reverse("failure_group", args=[request.team.slug, group]) if group else "",
    )


def _context(request: TeamRequest, opened: Opened, current: int | None) -> dict[str, Any]:
    scene, found, address = opened.scene, opened.scene.replay, opened.address
    execution, team_id, slug = found.execution, request.team.id, request.team.slug
    scope = _scope(request, found)
    before, behind = reads.neighbours(team_id, execution)
    classify = _classify(request, opened, execution)
    path = path_words(scene, opened.found.path)
    return {
        **frame(scope, rail=_rail(request, scope, execution, address, classify)),
        # A replay has no range: the picker would promise one.
        "window": None,
        "replay": found,
        "csv": csv_hrefs(address),
        "execution": execution,
        "scene": scene,
        "missing": missing_parts(scene),
        "answers": answers(scene, opened.found),
        "drawing": draw(scene, opened.found.graph, address, opened.marks) if scene.visits else None,
        "is_compared": opened.found.is_compared,
        "divergence": divergence_card(scene, opened.found, address),
        "impact": impact_card(scene, opened.found, slug, address),
        "classify": classify,
        "story": story_card(team_id, opened.found, execution, slug, address),
        "retried": retried_card(scene, address),
        "timeline": timeline(scene, address, current, _usual(request, scene), request.GET, opened.marks, path),
        "panel": _step_panel(request, opened, current),
        "after": [] if opened.found.is_compared else after_rows(scene, address),
        "facts": about.facts(found),
        "carried": about.carried(found, opened.raw),
        "not_captured": about.not_captured(found),
        "judgements": about.judgements(found.payload),
        "lines": about.log_rows(found, address),
        "criteria": criteria_card(found),
        "hold": _hold(request, found),
        "may_hold": request.membership.allows(Permission.MANAGE_RETENTION),
        "related": about.related_rows(execution, opened.found.related, slug, address),
        "own_tool": about.safe_url(execution.url),
        "raw_href": opened.raw.href(),
        "download_href": opened.raw.href(download=1),
        "previous_href": address.other(slug, before) if before else "",
        "next_href": address.other(slug, behind) if behind else "",
    }


def _hold(request: TeamRequest, found: Replay) -> LegalHold | None:
    """Why the execution is held; None where it is not."""
    if not found.is_held:
        return None
    return held_among(request.team.id, [found.execution.id]).get(found.execution.id)


def _scope(request: TeamRequest, found: Replay) -> Scope:
    """The workflow, with the range and filters of the page that led here. A replay has no environments to choose.

    An address without a range is that of the week that ends with the execution, and of its environment, so that
    the steps of the rail lead to where this execution is.
    """
    now, params = timezone.now(), request.GET.copy()
    if "from" not in params and "to" not in params:
        params["from"], params["to"] = week_until(found.execution.counted_at)
        params.setdefault("env", found.execution.environment or ANY)
    return Scope(request.team, found.workflow, parse_filters(params, now), (), now)


def _rail(
    request: TeamRequest, scope: Scope, execution: ExecutionRecord, address: Address, classify: ClassifyCard | None
) -> list[RailStep]:
    """The investigation so far, with the figures of the workflow in the range of the page that led here."""
    figures = None
    if scope.workflow:
        figures = trends.totals(
            request.team.id,
            scope.window,
            workflow_id=scope.workflow.id,
            environment=scope.environment,
            is_timed=False,
        )
    outcome = _("This one: {outcome}").format(outcome=SIGNS[execution.outcome].word.lower())
    notes = {3: outcome, 4: rail_words(classify)}
    classify_href = address.href(fragment="classify") if classify else ""
    return step_rail(scope, figures, current=3, notes=notes, replay_href=address.href(), classify_href=classify_href)


def _usual(request: TeamRequest, scene: Scene) -> Any:
    execution = scene.replay.execution
    nodes = {step.node for step in scene.replay.steps if step.node}
    if not (execution.workflow_id and scene.has_clock and nodes):
        return {}
    return usual_ranges(request.team.id, execution.workflow_id, execution.environment_id, nodes, execution.counted_at)


def _wanted(request: HttpRequest, found: Replay) -> Any:
    """What the raw JSON is asked for. Raises `Http404` for a part that does not exist."""
    part, step_id = request.GET.get("part", ""), request.GET.get("step", "")
    try:
        if step_id:
            return step_part(next(step for step in found.steps if str(step.id) == step_id), part)
        if part:
            return found.payload[part if part in CARRIED else ""]
    except (KeyError, StopIteration):
        raise Http404("No such part.") from None
    return document(found)
