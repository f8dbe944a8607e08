"""Replay: one execution, what went in, which path it took, where it failed first and what came after."""

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring.filters import ANY, parse_filters
from monitoring.presentation import RailStep
from monitoring.reads import replay as reads
from monitoring.reads import trends
from monitoring.reads.replay_document import document
from monitoring.reads.replay_records import ExecutionRecord, Replay
from monitoring.reads.replay_usual import usual_ranges
from monitoring.templatetags.components import SIGNS
from monitoring.views import replay_about as about
from monitoring.views.replay_answers import answers
from monitoring.views.replay_criteria import criteria_card
from monitoring.views.replay_graph import draw
from monitoring.views.replay_path import path_words
from monitoring.views.replay_payloads import raw_json
from monitoring.views.replay_rows import after_rows, timeline
from monitoring.views.replay_scene import Address, Scene, address_of, missing_parts, set_scene
from monitoring.views.replay_step import step_panel, step_part
from monitoring.views.shell import Scope, frame, step_rail
from monitoring.windows import week_until

CARRIED = ("input", "output", "attributes", "error")


@team_page(Permission.VIEW_FIGURES)
@require_safe
def replay(request: TeamRequest, execution: uuid.UUID) -> HttpResponseBase:
    """The page; asked by htmx for the panel of a step alone, only that."""
    scene = _scene(request, execution)
    address, raw = _addresses(request, execution)
    current = _current(scene, request)
    if getattr(request, "htmx", None) and request.headers.get("HX-Target") == "step":
        response = _panel(request, scene, current, address, raw)
    else:
        response = TemplateResponse(request, "replay/page.html", _context(request, scene, current, address, raw))
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@team_page(Permission.VIEW_FIGURES)
@require_safe
def step_detail(request: TeamRequest, execution: uuid.UUID, step: str) -> HttpResponseBase:
    """The panel of one step for htmx; for anybody else the way to the replay that is open at this step."""
    scene = _scene(request, execution)
    current = scene.step(step)
    if current is None:
        raise Http404("No such step.")
    address, raw = _addresses(request, execution)
    if not getattr(request, "htmx", None):
        return redirect(address.href(scene.replay.steps[current].id, "step"))
    return _panel(request, scene, current, address, raw)


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
    return found


def _scene(request: TeamRequest, execution: uuid.UUID) -> Scene:
    return set_scene(_load(request, execution))


def _addresses(request: TeamRequest, execution: uuid.UUID) -> tuple[Address, Address]:
    """Of this replay and of its raw JSON."""
    paths = (reverse(name, args=[request.team.slug, execution]) for name in ("replay", "replay_raw"))
    page, raw_path = paths
    return address_of(page, request.GET), Address(raw_path, "")


def _current(scene: Scene, request: HttpRequest) -> int | None:
    """The step that is open: the one asked for, else the first failed one, else the first."""
    asked = scene.step(request.GET.get("at", ""))
    if asked is not None:
        return asked
    if scene.first is not None:
        return scene.first
    return scene.order[0].index if scene.order else None


def _panel(
    request: TeamRequest, scene: Scene, current: int | None, address: Address, raw_address: Address
) -> HttpResponse:
    panel = None if current is None else step_panel(scene, current, request.GET.get("tab", ""), address, raw_address)
    return TemplateResponse(request, "replay/_step.html", {"panel": panel, "replay": scene.replay})


def _context(
    request: TeamRequest, scene: Scene, current: int | None, address: Address, raw_address: Address
) -> dict[str, Any]:
    found, execution = scene.replay, scene.replay.execution
    team_id, slug, tab = request.team.id, request.team.slug, request.GET.get("tab", "")
    scope = _scope(request, found)
    before, behind = reads.neighbours(team_id, execution)
    return {
        **frame(scope, rail=_rail(request, scope, execution, address)),
        # A replay has no range: the picker would promise one.
        "window": None,
        "replay": found,
        "execution": execution,
        "scene": scene,
        "missing": missing_parts(scene),
        "answers": answers(scene),
        "drawing": draw(scene, address) if scene.visits else None,
        "timeline": timeline(scene, address, current, _usual(request, scene), request.GET, path_words(scene)),
        "panel": None if current is None else step_panel(scene, current, tab, address, raw_address),
        "after": after_rows(scene, address),
        "facts": about.facts(found),
        "carried": about.carried(found, raw_address),
        "judgements": about.judgements(found.payload),
        "lines": about.log_rows(found, address),
        "criteria": criteria_card(found),
        "related": about.related_rows(execution, reads.related(team_id, execution), slug, address),
        "own_tool": about.safe_url(execution.url),
        "raw_href": raw_address.href(),
        "download_href": raw_address.href(download=1),
        "previous_href": address.other(slug, before) if before else "",
        "next_href": address.other(slug, behind) if behind else "",
    }


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


def _rail(request: TeamRequest, scope: Scope, execution: ExecutionRecord, address: Address) -> list[RailStep]:
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
    notes = {3: f"This one: {SIGNS[execution.outcome].word.lower()}"}
    return step_rail(scope, figures, current=3, notes=notes, replay_href=address.href())


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
