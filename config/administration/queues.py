"""The queues: what waits for the worker, since when, and whether that is too long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

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
    Queue("Figures to compute", "dirty_bucket", "marked_at", only="grain = 1"),
    Queue("Ledger of sources", "source_receipt", "received_at"),
    Queue("Requests to send on", "outbox_entry", "created_at", 3_600),
    Queue("Success criteria to check", "criteria_check", late_after=300, only="finished_at IS NULL"),
    Queue("Failures to diagnose", "due_diagnosis", late_after=120),
    Queue("Baselines to build", "baseline_due", late_after=3_600),
    Queue("Findings to look for", "finding_due", late_after=3_600),
    Queue("Improvements to measure", "improvement_due", late_after=900),
    Queue("Messages to trackers", "tracker_due", late_after=300),
    Queue("Weekly reviews", "review_mail", late_after=900),
    Queue("Alert rules to evaluate", "rule_due", late_after=120),
    Queue("Incidents to follow", "incident_due", late_after=120),
    Queue("Silences that end", "silence_due", late_after=120),
    Queue("Notices to send", "alert_delivery_due", late_after=300),
    Queue("Costs of hours", "cost_due", late_after=900),
    Queue("First prices of models", "first_rating", late_after=900, only="finished_at IS NULL"),
    Queue("Exports to write", "export_due", late_after=900),
    Queue("Monthly costs by e-mail", "cost_mail", late_after=900),
    Queue("Audit logs to push", "audit_stream_due", late_after=300),
    Queue("Mails about API keys", "key_mail", late_after=1_800),
    Queue("Jobs about personal data", "personal_data_due", late_after=900),
    Queue("Samples to load or remove", "sample_job", late_after=900),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in a queue now (at most `MOST`), and for how long the oldest of it has (seconds)."""

    queue: Queue
    count: int
    age: float

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
