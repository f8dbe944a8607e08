"""Where rules stand for each subject: read and written in bulk (`alerts.models.AlertState`)."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.statements import run_planned
from alerts.analysis.conditions import State
from alerts.analysis.judging import Judged
from alerts.analysis.readings import Subject
from alerts.analysis.states import FLAP_WINDOW, Memory
from alerts.identity import subject_id
from alerts.models import AlertRule, AlertState


@dataclass(slots=True)
class Stand:
    """A rule and one subject of it. `shown` is what pages see of the newest reading: value, samples, low, high, words;
    `kept` is the row as it is in the table (None: it is new)."""

    rule: AlertRule
    subject: Subject
    memory: Memory
    incident_id: UUID | None = None
    shown: tuple[Any, ...] = (None, 0, None, None, "")
    kept: tuple[Any, ...] | None = None

    @property
    def id(self) -> UUID:
        """The id of the subject."""
        return subject_id(self.rule.id, self.subject.workflow_id, self.subject.value)

    @property
    def is_over(self) -> bool:
        """Whether nothing is known and nothing waits: it need not be measured again while nothing is told."""
        return self.memory.state is State.NO_DATA and self.incident_id is None

    def is_forgettable(self, now: datetime) -> bool:
        """Whether it is one value among ever more (a failure group, a source), calm for longer than flapping counts."""
        memory = self.memory
        lately = [one for one in memory.cleared if now - one < FLAP_WINDOW]
        return bool(self.subject.value) and memory.state is State.OK and self.incident_id is None and not lately

    def show(self, judged: Judged) -> None:
        """Takes on what the newest reading gave."""
        one = judged.reading
        self.shown = (one.value, one.samples, one.low, one.high, one.words if one.value is None else "")

    def row(self) -> tuple[Any, ...]:
        """What is written of it; without the time of the newest reading, which alone is no reason to write."""
        document = self.memory.as_document()
        document.pop("at", None)
        if self.shown[4]:
            document["words"] = self.shown[4]
        since = self.memory.since or self.memory.at
        return (self.memory.state.value, since, *self.shown[:4], document, self.incident_id)


_LOAD = """SELECT rule_id, workflow_id, value_text, at, state, since, value, samples, low, high, memory::text,
    incident_id FROM alert_state WHERE team_id = %s AND rule_id = ANY(%s)"""


def load(team_id: UUID, rules: Sequence[AlertRule]) -> dict[UUID, dict[Subject, Stand]]:
    """Where these rules stand, by rule and subject."""
    by_id = {rule.id: rule for rule in rules}
    found: dict[UUID, dict[Subject, Stand]] = {rule.id: {} for rule in rules}
    for rule_id, workflow_id, value, at, *rest in run_planned(_LOAD, [team_id, list(by_id)]):
        state, since, *shown, text, incident_id = rest
        document = json.loads(text)
        memory = Memory.from_document({"state": state, "since": since.isoformat(), **document})
        memory.at = at
        kept = (state, since, *shown, document, incident_id)
        words = str(document.get("words", ""))
        stand = Stand(by_id[rule_id], Subject(workflow_id, value), memory, incident_id, (*shown, words), kept)
        found[rule_id][stand.subject] = stand
    return found


_WRITE = """
INSERT INTO alert_state (team_id, id, rule_id, workflow_id, value_text, at, state, since, value, samples, low, high,
    memory, incident_id)
SELECT %s, id, rule_id, workflow_id, value_text, at, state, since, value, samples, low, high, memory::jsonb, incident_id
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::text[], %s::timestamptz[],
    %s::float8[], %s::bigint[], %s::float8[], %s::float8[], %s::text[], %s::uuid[])
    AS t(id, rule_id, workflow_id, value_text, at, state, since, value, samples, low, high, memory, incident_id)
ORDER BY id
ON CONFLICT (team_id, id) DO UPDATE SET at = EXCLUDED.at, state = EXCLUDED.state, since = EXCLUDED.since,
    value = EXCLUDED.value, samples = EXCLUDED.samples, low = EXCLUDED.low, high = EXCLUDED.high,
    memory = EXCLUDED.memory, incident_id = EXCLUDED.incident_id
"""


def write(team_id: UUID, stands: Iterable[Stand]) -> int:
    """Writes those that changed; how many. One statement."""
    rows = []
    for one in stands:
        row = one.row()
        if row == one.kept or one.memory.at is None:
            continue
        *told, document, incident_id = row
        subject = one.subject
        about = (one.id, one.rule.id, subject.workflow_id, subject.value, one.memory.at)
        rows.append((*about, *told, json.dumps(document), incident_id))
    if rows:
        columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)]
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [team_id, *columns])
    return len(rows)


def forget(team_id: UUID, stands: Iterable[Stand]) -> None:
    """Removes the rows of those that need not be remembered."""
    if ids := [one.id for one in stands if one.kept is not None]:
        AlertState.objects.filter(team_id=team_id, id__in=ids).delete()


def fresh(rule: AlertRule, subject: Subject, until: datetime | None) -> Stand:
    """A subject that was not seen before; what ended up to `until` was looked at already, when it had nothing."""
    return Stand(rule, subject, Memory(at=until))
