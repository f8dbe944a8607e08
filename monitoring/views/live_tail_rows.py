"""What the live tail shows of an execution or of a log line: one row, on the page and in its export."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from monitoring import wording
from monitoring.reads.executions import ExecutionRow
from monitoring.reads.live import LogRow, Look
from monitoring.templatetags.components import SIGNS, icon
from monitoring.templatetags.display import when
from monitoring.templatetags.execution_rows import shortened

HEADER = ("Time", "Kind", "Status or level", "Workflow", "Environment", "Execution", "Text", "Replay")
MAX_ID, MAX_TEXT = 40, 1_000
_TONES = {"error": "fail", "critical": "fail", "fatal": "fail", "warning": "warn", "warn": "warn"}


@dataclass(frozen=True, slots=True)
class TailRow:
    """A row. `key` is another one when an execution stands otherwise; `word` is its outcome, or the level of a line."""

    key: str
    at: datetime | None
    is_line: bool
    word: str
    workflow: str
    workflow_href: str
    environment: str
    execution: str
    href: str
    text: str

    def cells(self) -> tuple[Any, ...]:
        """The row of the export."""
        at = self.at.isoformat() if self.at else None
        kind = "log line" if self.is_line else "execution"
        return (at, kind, self.word, self.workflow, self.environment, self.execution, self.text, self.href)


def rows_of(found: Look, team: str, limit: int) -> list[TailRow]:
    """Executions and lines together, the newest first, at most `limit`."""
    rows = [*(_execution(row, team) for row in found.executions), *(_line(line, team) for line in found.lines)]
    places = {id(row): number for number, row in enumerate(rows)}
    known = [(row.at or found_at, places[id(row)], row) for row, found_at in zip(rows, _counted(found), strict=True)]
    return [row for _, _, row in sorted(known, key=lambda one: one[:2], reverse=True)][:limit]


def _counted(found: Look) -> Sequence[datetime]:
    """When each row happened, as far as its execution tells."""
    return [*(row.counted_at for row in found.executions), *(line.execution.counted_at for line in found.lines)]


def _execution(row: ExecutionRow, team: str) -> TailRow:
    told = [wording.duration_ms(row.duration_ms)] if row.duration_ms is not None else []
    if row.error:
        at = _("at {step}: {error}").format(step=row.failed_node, error=row.error) if row.failed_node else ""
        told.append(at or row.error)
    return TailRow(f"{row.id}:{row.outcome}", row.counted_at, False, row.outcome, *_about(row, team), ", ".join(told))


def _line(line: LogRow, team: str) -> TailRow:
    row, level = line.execution, (line.level or "").lower()
    return TailRow(f"{row.id}:{line.id}", line.at, True, level, *_about(row, team), line.message)


def _about(row: ExecutionRow, team: str) -> tuple[str, str, str, str, str]:
    """Workflow with its address, environment, execution with the address of its replay."""
    trends = reverse("trends", args=[team, row.workflow_slug]) if row.workflow_slug else ""
    return row.workflow or "", trends, row.environment, row.external_id, reverse("replay", args=[team, row.id])


def rows_html(rows: Iterable[TailRow]) -> SafeString:
    """The rows of the table in one piece: there are hundreds, and more with each look."""
    return mark_safe("".join(map(_row_html, rows)))  # noqa: S308 - all escaped


def _row_html(row: TailRow) -> str:
    if row.is_line:
        word = f'<span class="pill {_TONES.get(row.word, "")}">{escape(row.word or _("log"))}</span>'
    else:
        sign = SIGNS[row.word]
        word = f'<span class="st {sign.tone}">{icon(sign.icon)}<span>{escape(sign.word)}</span></span>'
    name = f"<bdi>{escape(row.workflow)}</bdi>"
    workflow = f'<a href="{escape(row.workflow_href)}">{name}</a>' if row.workflow_href else name
    at = f' data-at="{row.at.isoformat()}"' if row.at else ""
    execution = escape(shortened(row.execution, MAX_ID))
    return (
        f'<tr data-key="{escape(row.key)}"{at}><td class="nw">{when(row.at, "plain seconds")}</td><td>{word}</td>'
        f'<td>{workflow}</td><td class="nw"><a class="mono" data-row href="{escape(row.href)}">{execution}</a></td>'
        f'<td class="message">{escape(shortened(row.text, MAX_TEXT))}</td></tr>'
    )
