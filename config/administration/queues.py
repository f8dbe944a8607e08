"""The queues: what waits for the worker, since when, and whether that is too long."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.closed_teams import NOT_CLOSED
from monitoring.wording import duration_ms

# More is shown as so many.
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Queue:
    """A table that the worker empties: `at` is the column with the time from which a row waits.

    `late_after` (seconds) is when a row should have been taken at the latest, with the beat of its task.
    """

    label: str
    table: str
    at: str = "due_at"
    late_after: int = 60
    only: str = ""


QUEUES: tuple[Queue, ...] = (
    Queue(gettext_noop("Figures to compute"), "dirty_bucket", "marked_at", only="grain = 1"),
    Queue(gettext_noop("Ledger of sources"), "source_receipt", "received_at"),
    Queue(gettext_noop("Requests to send on"), "outbox_entry", "created_at", 3_600),
    Queue(gettext_noop("Success criteria to check"), "criteria_check", late_after=300, only="finished_at IS NULL"),
    Queue(gettext_noop("Failures to diagnose"), "due_diagnosis", late_after=120),
    Queue(gettext_noop("Baselines to build"), "baseline_due", late_after=3_600),
    Queue(gettext_noop("Findings to look for"), "finding_due", late_after=3_600),
    Queue(gettext_noop("Improvements to measure"), "improvement_due", late_after=900),
    Queue(gettext_noop("Messages to trackers"), "tracker_due", late_after=300),
    Queue(gettext_noop("Weekly reviews"), "review_mail", late_after=900),
    Queue(gettext_noop("Alert rules to evaluate"), "rule_due", late_after=120),
    Queue(gettext_noop("Incidents to follow"), "incident_due", late_after=120),
    Queue(gettext_noop("Silences that end"), "silence_due", late_after=120),
    Queue(gettext_noop("Notices to send"), "alert_delivery_due", late_after=300),
    Queue(gettext_noop("Costs of hours"), "cost_due", late_after=900),
    Queue(gettext_noop("First prices of models"), "first_rating", late_after=900, only="finished_at IS NULL"),
    Queue(gettext_noop("Exports to write"), "export_due", late_after=900),
    Queue(gettext_noop("Monthly costs by e-mail"), "cost_mail", late_after=900),
    Queue(gettext_noop("Audit logs to push"), "audit_stream_due", late_after=300),
    Queue(gettext_noop("Mails about API keys"), "key_mail", late_after=1_800),
    Queue(gettext_noop("Jobs about personal data"), "personal_data_due", late_after=900),
    Queue(gettext_noop("Samples to load or remove"), "sample_job", late_after=900),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in a queue now (at most `MOST`), and for how long the oldest of it has (seconds)."""

    queue: Queue
    count: int
    age: float

    def spoken(self) -> "Waiting":
        """The same with the queue's name in the language of who reads."""
        return replace(self, queue=replace(self.queue, label=_(self.queue.label)))

    @property
    def is_late(self) -> bool:
        """Whether the oldest waits for longer than it should."""
        return self.age > self.queue.late_after

    @property
    def is_more(self) -> bool:
        """Whether there are more than were counted."""
        return self.count >= MOST

    @property
    def words(self) -> str:
        """For how long the oldest waits."""
        return duration_ms(self.age * 1_000) if self.count else ""


def read_queues(now: datetime) -> Sequence[Waiting]:
    """All of them, in one statement. Rows whose time is yet to come, and those of closed teams, do not wait."""
    parts = [_statement(number, one) for number, one in enumerate(QUEUES)]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts) + " ORDER BY 1", {"now": now})
        rows = cursor.fetchall()
    return [
        Waiting(QUEUES[number], count, (now - oldest).total_seconds() if oldest else 0)
        for number, count, oldest in rows
    ]


def _statement(number: int, queue: Queue) -> str:
    where = f"{queue.at} <= %(now)s AND {NOT_CLOSED}" + (f" AND {queue.only}" if queue.only else "")
    return f"""SELECT {number}, (SELECT count(*) FROM (SELECT 1 FROM {queue.table} WHERE {where} LIMIT {MOST}) a),
    (SELECT min({queue.at}) FROM {queue.table} WHERE {where})"""
