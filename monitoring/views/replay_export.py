"""The tables of a replay as CSV: for each the rows and columns that the page shows, texts in full."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from monitoring.services.examination import Examined
from monitoring.views import replay_about as about
from monitoring.views.execution_table import instant, milliseconds
from monitoring.views.replay_divergence import EvidenceRow, divergence_card, impact_card
from monitoring.views.replay_rows import after_rows
from monitoring.views.replay_scene import Address, Scene
from monitoring.views.replay_step import same_node
from monitoring.views.replay_story import retried_card, story_card, tries_of

EVIDENCE_HEADER = ("Step", "Evidence", "Usual", "Here", "Rests on")


@dataclass(frozen=True, slots=True)
class Table:
    """What a download holds."""

    header: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Shown:
    """The replay that is shown, and the index of the step that is open (None: there is none)."""

    team_id: UUID
    slug: str
    scene: Scene
    found: Examined
    address: Address
    current: int | None


def csv_hrefs(address: Address) -> dict[str, str]:
    """The address of each table's download, by the name of the table."""
    return {name: address.href(format="csv", table=name) for name in TABLES}


def export(shown: Shown, name: str) -> Table | None:
    """The table of this name; None for another word, or where the page shows no such table."""
    return TABLES[name](shown) if name in TABLES else None


def _evidence(rows: Sequence[EvidenceRow]) -> Table:
    cells = []
    for row in rows:
        base = f"{row.base}: {row.confidence} confidence" if row.base else "this execution alone"
        cells.append([row.step, row.kind, row.usual or "not known", row.observed, base])
    return Table(EVIDENCE_HEADER, cells)


def _first(shown: Shown) -> Table:
    return _evidence(divergence_card(shown.scene, shown.found, shown.address).first)


def _others(shown: Shown) -> Table:
    return _evidence(divergence_card(shown.scene, shown.found, shown.address).others)


def _impact(shown: Shown) -> Table | None:
    card = impact_card(shown.scene, shown.found, shown.slug, shown.address)
    if card is None:
        return None
    rows = [[row.step, row.effect.replace("_", " "), row.usual, row.here] for row in card.rows]
    return Table(("Step", "Effect", "Usual", "Here"), rows)


def _after(shown: Shown) -> Table:
    steps = [row.step for row in after_rows(shown.scene, shown.address)]
    timed = shown.scene.has_clock
    rows = [[s.name, s.word, *([milliseconds(s.duration_ms)] if timed else []), s.error] for s in steps]
    return Table(("Step", "Status", *(["Duration, ms"] if timed else []), "Error"), rows)


def _attempts(shown: Shown) -> Table | None:
    execution = shown.scene.replay.execution
    card = story_card(shown.team_id, shown.found, execution, shown.slug, shown.address)
    if card is None:
        return None
    rows = [
        [
            one.attempt.number,
            one.attempt.status,
            milliseconds(one.pause_ms),
            milliseconds(one.attempt.duration_ms),
            one.attempt.release,
            one.attempt.error,
            "; ".join(one.changed),
        ]
        for one in card.columns
    ]
    return Table(
        ("Attempt", "Status", "Pause before, ms", "Duration, ms", "Release", "Error", "What changed"),
        rows,
    )


def _retried(shown: Shown) -> Table | None:
    card = retried_card(shown.scene, shown.address)
    if card is None:
        return None
    rows = [
        [
            *(one.name, one.number, one.word, one.outcome, one.attempts),
            *(milliseconds(one.spent_ms), milliseconds(one.paused_ms), "; ".join(one.changed)),
        ]
        for one in card.rows
    ]
    header = ("Step", "Number", "Ended", "Outcome", "Attempts", "Other attempts took, ms", "Pauses, ms", "What changed")
    return Table(header, rows)


def _tries(shown: Shown) -> Table | None:
    tries = None if shown.current is None else tries_of(shown.scene, shown.current, shown.address)
    if tries is None:
        return None
    header = ["What is told", *(f"Attempt {one.attempt.number}" for one in tries.columns)]
    return Table(
        header, [["Status", *(one.attempt.status for one in tries.columns)], *([n, *c] for n, c in tries.rows)]
    )


def _visits(shown: Shown) -> Table | None:
    if shown.current is None:
        return None
    steps = [shown.scene.replay.steps[index] for index in same_node(shown.scene, shown.current)]
    rows = [[step.number, step.attempt, step.word, milliseconds(step.duration_ms)] for step in steps]
    return Table(("Step", "Attempt", "Status", "Duration, ms"), rows)


def _log(shown: Shown) -> Table:
    lines = about.log_rows(shown.scene.replay, shown.address)
    rows = [[instant(row.line.logged_at), row.line.level, row.step, row.line.message] for row in lines]
    return Table(("Time", "Level", "Step", "Message"), rows)


def _related(shown: Shown) -> Table:
    execution = shown.scene.replay.execution
    found = about.related_rows(execution, shown.found.related, shown.slug, shown.address)
    rows = [[row.role, row.name, instant(row.at), row.status.word, milliseconds(row.duration_ms)] for row in found]
    return Table(("Belongs as", "Execution", "At", "Status", "Duration, ms"), rows)


TABLES: Mapping[str, Callable[[Shown], Table | None]] = {
    "divergence": _first,
    "evidence": _others,
    "impact": _impact,
    "after": _after,
    "attempts": _attempts,
    "retried": _retried,
    "tries": _tries,
    "visits": _visits,
    "log": _log,
    "related": _related,
}
