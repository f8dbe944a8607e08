"""The panel of one step: its tabs and what stands in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from monitoring import wording
from monitoring.filters import ANY
from monitoring.presentation import Link
from monitoring.reads.replay_records import LogRecord, StepRecord
from monitoring.views.replay_costs import step_usage
from monitoring.views.replay_divergence import EvidenceRow, evidence_row
from monitoring.views.replay_marks import FIRST_DIVERGENCE, Marks
from monitoring.views.replay_payloads import PayloadText, payload_text
from monitoring.views.replay_scene import Address, Scene
from monitoring.views.replay_story import Tries, tries_of
from monitoring.windows import week_until

TAB_WORDS = {
    "expected": gettext_noop("Expected and actual"),
    "error": gettext_noop("Error"),
    "input": gettext_noop("Input"),
    "output": gettext_noop("Output"),
    "usage": gettext_noop("Usage"),
    "attempts": gettext_noop("Attempts"),
    "log": gettext_noop("Log"),
    "attributes": gettext_noop("Attributes"),
}
TABS = tuple(TAB_WORDS)
MAX_LINES = 500


@dataclass(frozen=True, slots=True)
class Visited:
    """A visit of the same node in the same place: a try, or a turn of a loop."""

    step: StepRecord
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Called:
    """What the step called: its kind in words, its name, the name of its page's address, and that page's range."""

    title: str
    name: str
    page: str
    query: str


@dataclass(frozen=True, slots=True)
class StepPanel:
    """What the panel of a step shows: one of `tabs` is open, and only what belongs to that one is filled in."""

    step: StepRecord
    flag: str
    word: str
    evidence: Sequence[EvidenceRow]
    tab: str
    tabs: Sequence[Link]
    facts: Sequence[tuple[str, str]]
    called: Sequence[Called]
    payload: PayloadText | None
    detail: PayloadText | None
    visits: Sequence[Visited]
    tries: Tries | None
    csv: Mapping[str, str]
    lines: Sequence[LogRecord]
    more_lines: bool


def step_panel(scene: Scene, index: int, tab: str, address: Address, raw: Address, marks: Marks) -> StepPanel:
    """The panel of the step at this index, with the tab asked for or the most telling one."""
    step = scene.replay.steps[index]
    lines = [line for line in scene.replay.logs if line.step_id == step.id]
    visits = same_node(scene, index)
    found = marks.by_step.get(index, ()) if marks.flag_words == FIRST_DIVERGENCE else ()
    shown = [name for name in TABS if {"expected": bool(found), "usage": "usage" in step.payload}.get(name, True)]
    tab = tab if tab in shown else _telling_tab(step, has_evidence=bool(found))
    raw_href = raw.href(step=step.id, part=tab)
    detail = step.error_detail if tab == "error" else None
    tries = tries_of(scene, index, address) if tab == "attempts" else None
    # Visits are listed where there is more to see than the attempts side by side: turns of a loop.
    is_listed = tab == "attempts" and (tries is None or len(tries.columns) < len(visits))
    return StepPanel(
        step=step,
        flag=_(marks.flag_words) if index == marks.flag else "",
        word=marks.status_of(scene, index),
        evidence=[evidence_row(scene, item, address) for item in found],
        tab=tab,
        tabs=[
            link
            for name, link in zip(TABS, _tabs(scene, visits, len(lines), address, (step.id, tab)), strict=True)
            if name in shown
        ],
        facts=_facts(scene, index),
        called=_called(scene, step),
        payload=payload_text(step.payload[tab], raw_href) if tab in step.payload else None,
        detail=None if detail is None else payload_text(detail, raw_href),
        visits=[_visited(scene, other, index, address) for other in visits] if is_listed else [],
        tries=tries,
        csv={name: address.href(step.id, format="csv", table=name) for name in ("tries", "visits")},
        lines=lines[:MAX_LINES] if tab == "log" else [],
        more_lines=len(lines) > MAX_LINES,
    )


def step_part(step: StepRecord, part: str) -> Any:
    """The whole of what a tab shows, for the raw JSON. Raises `KeyError` for a part that was not told."""
    if part == "error":
        return {"type": step.error_type, "message": step.error, "detail": step.error_detail}
    return step.payload[part]


def _visited(scene: Scene, index: int, current: int, address: Address) -> Visited:
    step = scene.replay.steps[index]
    return Visited(step, address.href(step.id, "step", tab="attempts"), index == current)


def _telling_tab(step: StepRecord, *, has_evidence: bool) -> str:
    if has_evidence:
        return "expected"
    if step.has_failed or step.error:
        return "error"
    return next((name for name in ("input", "output", "attributes") if name in step.payload), "input")


def _tabs(scene: Scene, visits: Sequence[int], lines: int, address: Address, current: tuple[int, str]) -> list[Link]:
    """The tabs of the step `current[0]` with `current[1]` open; turns of a loop are visits, not attempts."""
    words = {name: _(title) for name, title in TAB_WORDS.items()}
    if len(visits) > 1:
        is_loop = all(scene.replay.steps[index].attempt == 1 for index in visits)
        told = _("Visits {count}") if is_loop else _("Attempts {count}")
        words["attempts"] = told.format(count=len(visits))
    if lines:
        words["log"] = _("Log {count}").format(count=lines)
    step_id, tab = current
    return [Link(words[name], address.href(step_id, "step", tab=name), name == tab) for name in TABS]


def same_node(scene: Scene, index: int) -> list[int]:
    """The visits of the same node inside the same step, in order."""
    name, place = scene.visits[index].name, scene.relations.container[index]
    return [
        other
        for other, visit in enumerate(scene.visits)
        if visit.name == name and scene.relations.container[other] == place
    ]


def _facts(scene: Scene, index: int) -> list[tuple[str, str]]:
    """What is known about the step besides its payload; what was not told is left out."""
    step, visit = scene.replay.steps[index], scene.visits[index]
    container = scene.relations.container[index]
    told = [
        (_("Kind"), step.kind),
        (_("Ran inside"), None if container is None else scene.replay.steps[container].name),
        (_("Provider"), step.provider),
        (_("Began"), _began(visit.start_ms)),
        (_("Duration"), None if step.duration_ms is None else wording.duration_ms(step.duration_ms)),
        (_("Tokens in"), _tokens(step.tokens.input)),
        (_("Tokens from cache"), _tokens(step.tokens.cache_read)),
        (_("Tokens to cache"), _tokens(step.tokens.cache_write)),
        (_("Tokens out"), _tokens(step.tokens.output)),
        (_("Reasoning tokens, part of those out"), _tokens(step.tokens.reasoning)),
        *step_usage(scene.replay, step),
        (_("Attempt"), str(step.attempt) if step.attempt > 1 else None),
        (_("Status as sent"), step.told_status),
        (_("Id as sent"), step.external_id),
    ]
    return [(name, value) for name, value in told if value]


def _called(scene: Scene, step: StepRecord) -> list[Called]:
    """What the step called, each leading to how it did in all workflows in the week that ends with the execution."""
    execution = scene.replay.execution
    start, end = week_until(execution.counted_at)
    query = "?" + urlencode({"from": start, "to": end, "env": execution.environment or ANY})
    told = [
        (_("External system"), step.system, "system"),
        (_("Model"), step.model, "model"),
        (_("Tool"), step.tool, "tool"),
    ]
    return [Called(title, name, page, query) for title, name, page in told if name]


def _began(start_ms: float | None) -> str | None:
    if start_ms is None:
        return None
    if not start_ms:
        return _("at the start")
    return _("{duration} after the start").format(duration=wording.duration_ms(start_ms))


def _tokens(value: int | None) -> str | None:
    return None if value is None else wording.count(value)
