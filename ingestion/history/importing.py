"""Importing history files: read, placed in time where they tell none, stored in batches, resumable.

A ledger row per file and team says how far its import got. Importing again changes nothing: ids come from the
file, and what was placed or shifted goes by the instant of the first import.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO
from uuid import UUID

from msgspec import Struct, field

from accounts.tenancy import team_context
from ingestion.acceptance import accept
from ingestion.adapters.body import decode
from ingestion.adapters.careful import Flawed
from ingestion.adapters.refusals import Refused, Undecodable
from ingestion.adapters.rest import read_item
from ingestion.history.files import Piece, digest_of, is_lines, opened, read_document, read_lines
from ingestion.history.forms import translate
from ingestion.history.placement import DEFAULT_SPREAD, PLACED, Spread, has_clock, shift, spread_of, survey
from ingestion.models import ImportRun
from ingestion.records import ExecutionReport
from monitoring.identity import execution_id
from monitoring.models import Execution

BATCH_STEPS = 2_000
BATCH_ITEMS = 500
MAX_TOLD = 1_000
Report = Callable[[int], None]


class BadItem(Struct, frozen=True):
    """An item that was not stored: its line or place (from 1), and why."""

    number: int
    field: str
    reason: str


class Summary(Struct):
    """What became of a file. `bad` holds the first `MAX_TOLD` of `rejected`."""

    stored: int = 0
    duplicate: int = 0
    rejected: int = 0
    placed: int = 0
    resumed_behind: int = 0
    bad: list[BadItem] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    workflows: set[str] = field(default_factory=set)


def _pieces(stream: IO[bytes], *, lines: bool, run: ImportRun | None = None) -> Iterator[Piece]:
    """The items of a file, from where its import got to."""
    offset, number = (run.offset_bytes, run.item_count) if run else (0, 0)
    if lines:
        return read_lines(stream, offset=offset, number=number)
    return read_document(stream, number=number)


def open_run(team_id: UUID, path: Path, now: datetime) -> ImportRun:
    """The ledger row of a file: a new one, the one of an interrupted import, or that of a finished one, emptied."""
    with team_context(team_id):
        run, _ = ImportRun.objects.get_or_create(
            team_id=team_id,
            digest=digest_of(path),
            defaults={"file_name": path.name[:255], "size_bytes": path.stat().st_size, "reference_at": now},
        )
        if run.finished_at is not None:
            run.offset_bytes = run.item_count = run.stored_count = 0
            run.duplicate_count = run.rejected_count = run.placed_count = 0
            run.finished_at = None
            run.save()
    return run


class FileImport:
    """The import of one file into one team."""

    def __init__(
        self,
        team_id: UUID,
        path: Path,
        *,
        now: datetime,
        on_bytes: Report,
        shifted: bool = False,
        over: timedelta = DEFAULT_SPREAD,
        suffix: str = "",
    ) -> None:
        """`on_bytes` hears how many bytes of the file are done; `shifted` moves the newest run to the first import.

        Runs of a file that tells no time at all are spread `over` the time before its first import. `suffix` is added
        to the names of workflows.
        """
        self.team_id = team_id
        self.path = path
        self.now = now
        self.on_bytes = on_bytes
        self.shifted = shifted
        self.over = over
        self.suffix = suffix
        self.summary = Summary()
        self.batch: list[tuple[int, ExecutionReport]] = []
        self.batch_steps = 0

    def run(self) -> Summary:
        """Imports the file, or what an interrupted import left of it."""
        self.ledger = open_run(self.team_id, self.path, self.now)
        self.summary.resumed_behind = self.ledger.item_count
        self.before = self.ledger.stored_count, self.ledger.duplicate_count, self.ledger.rejected_count
        lines = is_lines(self.path)
        self.spread, self.by = self._look_over(lines=lines)
        with opened(self.path) as (stream, raw):
            end = self.ledger.offset_bytes
            try:
                for piece in _pieces(stream, lines=lines, run=self.ledger):
                    self._take(piece)
                    end = piece.end
                    if self.batch_steps >= BATCH_STEPS or len(self.batch) >= BATCH_ITEMS:
                        self._flush(end, piece.number)
                    self.on_bytes(raw.tell())
            except (ValueError, OSError, EOFError) as error:
                self._reject(self.ledger.item_count + len(self.batch) + 1, "", str(error))
            self._flush(end, None)
            self.on_bytes(self.path.stat().st_size)
        self._finish()
        return self.summary

    def _look_over(self, *, lines: bool) -> tuple[Spread, timedelta]:
        with opened(self.path) as (stream, _):
            try:
                seen = survey(_pieces(stream, lines=lines))
            except (ValueError, OSError, EOFError):
                seen = survey(())
        by = self.ledger.reference_at - seen.last if self.shifted and seen.last else timedelta(0)
        return spread_of(seen, self.ledger.reference_at, self.over), by

    def _take(self, piece: Piece) -> None:
        """Reads one item into the batch, or notes why it cannot be."""
        try:
            report = self._read(piece)
        except Undecodable as error:
            self._reject(piece.number, error.field or "", error.reason)
            return
        except Refused as error:
            self._reject(piece.number, error.field, error.reason)
            return
        self.batch.append((piece.number, report))
        self.batch_steps += 1 + len(report.steps or ())

    def _read(self, piece: Piece) -> ExecutionReport:
        if piece.problem:
            raise Undecodable(piece.problem)
        items = decode(piece.body, strict=False)
        if len(items) != 1:
            raise Undecodable("holds several items where one is expected")
        item = items[0][1]
        report = read_item(
            translate(item) if isinstance(item, dict) and not isinstance(item, Flawed) else item, self.now
        )
        report.is_imported = True
        if self.suffix and report.workflow:
            report.workflow += self.suffix
        if not has_clock(report):
            report.placed_at = self.spread.at(self.ledger.placed_count)
            report.clock = PLACED
            self.ledger.placed_count += 1
        elif self.shifted:
            shift(report, self.by)
        return report

    def _reject(self, number: int, name: str, reason: str) -> None:
        self.summary.rejected += 1
        if len(self.summary.bad) < MAX_TOLD:
            self.summary.bad.append(BadItem(number, name, reason))

    def _keep_first_places(self) -> None:
        """Runs that were placed before, perhaps from another file, stay where they are."""
        placed = {
            execution_id(self.team_id, report.id, report.attempt or 1): report
            for _, report in self.batch
            if report.clock == PLACED
        }
        if not placed:
            return
        with team_context(self.team_id):
            known = Execution.objects.filter(id__in=list(placed), placed_at__isnull=False)
            for found, placed_at in known.values_list("id", "placed_at"):
                placed[found].placed_at = placed_at

    def _flush(self, end: int, number: int | None) -> None:
        """Stores the batch, then notes in the ledger how far the import got."""
        if self.batch:
            self._keep_first_places()
            outcome = accept(self.team_id, self.batch, now=self.now)
            self.summary.stored += outcome.stored
            self.summary.duplicate += outcome.duplicate
            for rejection in outcome.rejected:
                self._reject(rejection.index, rejection.field, rejection.reason)
            self._count(self.batch)
            number = self.batch[-1][0] if number is None else number
            self.batch, self.batch_steps = [], 0
        if number is not None:
            self.ledger.offset_bytes, self.ledger.item_count = end, number
        self._save()

    def _count(self, batch: list[tuple[int, ExecutionReport]]) -> None:
        for _, report in batch:
            self.summary.statuses[report.status.word if report.status is not None else "not told"] += 1
            if report.workflow:
                self.summary.workflows.add(report.workflow)
            self.summary.placed += report.clock == PLACED

    def _save(self) -> None:
        ledger, summary = self.ledger, self.summary
        stored, duplicate, rejected = self.before
        ledger.stored_count, ledger.duplicate_count = stored + summary.stored, duplicate + summary.duplicate
        ledger.rejected_count = rejected + summary.rejected
        with team_context(self.team_id):
            ledger.save()

    def _finish(self) -> None:
        self.ledger.finished_at = self.now
        self._save()
