"""Pings: one request says that a run started or ended, and its address says of which source. Pure.

The words after the key are those of healthchecks.io: none (success), `start`, `fail`, or an exit code (0: success).
A ping carries no time, so it is of the instant of its receipt. How pings become runs:

* A start opens a run. The next end closes the run that was opened last, if that was within the source's limit; so an
  end after two starts leaves the first one open, which is shown as still running, and a further end closes it.
* An end without an open run is a run of its own, that ended now; how long it took is not known.
* Pings with the same `rid` are one run, however many others run beside it. Its first end counts: a repeated or later
  one changes nothing, and a start that comes after the end changes nothing either.
* Without a `rid` a ping that is sent twice cannot be told from two: two ends are two runs.
"""

from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from ingestion.adapters.logs.texts import clean
from ingestion.adapters.redact import redact_text
from ingestion.adapters.refusals import Undecodable
from ingestion.records import Decoded, ExecutionReport, Failure, LogReport
from monitoring.statuses import Status

MAX_OUTPUT_BYTES = 10_000
MAX_EXIT_CODE = 255
DEFAULT_LIMIT = timedelta(hours=24)
CUT = "\n… (cut: only the first 10 kB are kept)"
_WORDS = {"": Status.SUCCEEDED, "start": Status.RUNNING, "fail": Status.FAILED}


class Signal(Struct, frozen=True):
    """What a ping says."""

    status: Status
    exit_code: int | None = None

    @property
    def is_start(self) -> bool:
        """Whether it opens a run; the others end one."""
        return self.status is Status.RUNNING


class KnownRun(Struct, frozen=True):
    """The run that a ping is about, as it is stored; `id` is its external id."""

    id: str
    is_over: bool = False


def read_signal(told: str) -> Signal:
    """What the words after the key say. Raises `Undecodable`."""
    if told in _WORDS:
        return Signal(_WORDS[told])
    if told.isascii() and told.isdigit() and len(told) <= 3 and int(told) <= MAX_EXIT_CODE:
        code = int(told)
        return Signal(Status.FAILED if code else Status.SUCCEEDED, code)
    raise Undecodable("After the key may follow /start, /fail or an exit code from 0 to 255")


def read_rid(told: str | None) -> str | None:
    """The sender's own id of a run. Raises `Undecodable`."""
    if not told:
        return None
    try:
        return str(UUID(told))
    except ValueError:
        raise Undecodable("rid must be a UUID, such as 6f4ad1c5-0a7c-4c5e-9d6e-6f8e3f2a1b00") from None


def limit_of(settings: dict[str, object]) -> timedelta:
    """How long a run of a source may take until an end is no longer taken as its end."""
    told = settings.get("run_limit_seconds")
    is_told = isinstance(told, int | float) and not isinstance(told, bool) and 0 < told <= 366 * 86_400
    return timedelta(seconds=float(told)) if is_told and isinstance(told, int | float) else DEFAULT_LIMIT


def own_prefix(source: UUID) -> str:
    """How ids of runs without a `rid` begin: only these are closed by an end without one."""
    return f"ping-{source.hex}-"


def id_of_rid(source: UUID, rid: str) -> str:
    """The id of the run with this `rid`."""
    return f"ping-rid-{source.hex}-{rid}"


def fresh_id(source: UUID, unique: str) -> str:
    """The id of a new run without a `rid`; `unique` is drawn by the caller."""
    return own_prefix(source) + unique


def _output(body: bytes) -> str:
    text = redact_text(clean(body[:MAX_OUTPUT_BYTES].decode("utf-8", "replace")).strip("\r\n"))
    return text + CUT if len(body) > MAX_OUTPUT_BYTES else text


def to_records(signal: Signal, run: KnownRun, workflow: str, body: bytes, now: datetime) -> Decoded:
    """What a ping about this run says, with the output that it carries; nothing when the run is over."""
    if run.is_over:
        return Decoded(ignored=1)
    report = ExecutionReport(id=run.id, workflow=workflow, status=signal.status)
    if signal.is_start:
        report.started_at = now
    else:
        report.finished_at = now
    if signal.exit_code is not None:
        report.attributes = {"exit_code": signal.exit_code}
    if signal.exit_code:
        report.error = Failure(type="exit code", message=f"exit code {signal.exit_code}")
    if output := _output(body):
        report.logs = [LogReport(message=output, at=now)]
    return Decoded(reports=[(0, report)])
