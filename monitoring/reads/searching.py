"""Search in log lines, inputs and outputs: the executions of a range one after the other, within bounds that are told.

Payloads are compressed and have no index (ADR 21): what the filters leave is read newest first until the page is
full or a bound is reached, and a cursor says where to search further.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from accounts.statements import run_planned
from monitoring.filters import Filters
from monitoring.models.execution import RetentionClass
from monitoring.reads.executions import PAGE_SIZE, Cursor, ExecutionRow, read_cursor, rows_by_id, write_cursor
from monitoring.reads.matching import conditions, pattern_of, text_test
from monitoring.reads.payload_texts import Words, is_too_large
from monitoring.reads.places import in_places
from monitoring.search import Text, kinds_of, texts_of

BATCH = 500
# A page searches so many executions at most, and begins no further batch after so long.
MAX_SEARCHED = 20_000
MAX_SECONDS = 1.0
# Payloads (bytes, packed) that are held at a time. An execution that has more is not searched.
MAX_HELD_BYTES = 16 * 1024 * 1024

_PLACES = "team_id = %(team)s AND execution_id = ANY(%(ids)s) AND {places}"
# Beyond what may be held at a time rows come without their body.
_BODIES = f"""SELECT execution_id, CASE WHEN sum(octet_length(body)) OVER (ORDER BY n, digest) <= {MAX_HELD_BYTES}
        THEN body END
    FROM payload JOIN unnest(%(ids)s::uuid[]) WITH ORDINALITY AS told (id, n) ON told.id = execution_id
    WHERE {_PLACES} ORDER BY n, digest"""


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search found. `searched` executions were looked through, back (or on) to `until`; `next` is the cursor to
    search further, empty when nothing is left. `too_large` executions carry more than is searched.
    """

    rows: list[ExecutionRow]
    searched: int
    until: datetime | None
    next: str
    too_large: int = 0


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An execution that the filters leave, and the numbers of the texts that its id and its error hold."""

    id: uuid.UUID
    retention_class: int
    anchor_day: Any
    counted_at: datetime
    found: frozenset[int]


def search(
    team_id: uuid.UUID,
    filters: Filters,
    *,
    limit: int = PAGE_SIZE,
    most: int = MAX_SEARCHED,
    clock: Callable[[], float] = time.monotonic,
) -> Searched:
    """Executions whose id, error or `filters.places` hold the texts of `filters.q`, by time (`sort` is `time` or not).

    The number of queries depends on how many executions are searched, not on how many are found.
    """
    seeker = _Seeker(team_id, filters)
    end = clock() + MAX_SECONDS
    found: list[_Candidate] = []
    searched = too_large = 0
    last: _Candidate | None = None
    is_left = True
    while is_left and len(found) < limit and searched < most and (not searched or clock() < end):
        batch, is_left = seeker.next_batch(min(BATCH, most - searched), last)
        looked, skipped = seeker.look(batch)
        for candidate, is_match in looked:
            last, searched = candidate, searched + 1
            if is_match:
                found.append(candidate)
            if len(found) == limit:
                break
        too_large += skipped
        is_left = is_left or bool(batch and last is not batch[-1])
    rows = rows_by_id(team_id, [one.id for one in found])
    cursor = write_cursor({"sort_key": last.counted_at, "id": last.id}, seeker.sort, is_backward=False) if last else ""
    return Searched(rows, searched, last.counted_at if last else None, cursor if is_left else "", too_large)


class _Seeker:
    """One search: what is asked for, in the words of each place."""

    def __init__(self, team_id: uuid.UUID, filters: Filters) -> None:
        self.team_id = team_id
        self.sort = "time" if filters.sort == "time" else "-time"
        self._texts: Sequence[Text] = texts_of(filters.q)
        self._wanted = frozenset(n for n, text in enumerate(self._texts) if not text.is_excluded)
        self._kinds = kinds_of(filters.places)
        self._words = Words([text.words for text in self._texts])
        self._start = read_cursor(filters.after, self.sort)
        self._where, self._params = conditions(team_id, replace(filters, q=""))
        tests = [text_test(team_id, text.words) for text in self._texts]
        self._columns = "".join(f", {text} IS TRUE" for text, _ in tests)
        self._column_params = [param for _, params in tests for param in params]

    def next_batch(self, size: int, last: _Candidate | None) -> tuple[list[_Candidate], bool]:
        """The candidates behind the last one, and whether there are more."""
        start = Cursor(last.counted_at, last.id, False) if last else self._start
        order, beyond = ("ASC", ">") if self.sort == "time" else ("DESC", "<")
        where, params = self._where, list(self._params)
        if start is not None:
            where, params = f"{where} AND (counted_at, id) {beyond} (%s, %s)", [*params, start.value, start.id]
        sql = (
            f"SELECT id, retention_class, anchor_day, counted_at{self._columns} FROM execution WHERE {where}"
            f" ORDER BY counted_at {order}, id {order} LIMIT %s"
        )
        rows = run_planned(sql, [*self._column_params, *params, size + 1])
        found = [
            _Candidate(id, class_, day, at, frozenset(number for number, is_in in enumerate(flags) if is_in))
            for id, class_, day, at, *flags in rows
        ]
        return found[:size], len(found) > size

    def look(self, batch: Sequence[_Candidate]) -> tuple[Iterator[tuple[_Candidate, bool]], int]:
        """The candidates that could be looked through, with whether they match; and how many were too large."""
        found = {one.id: set(one.found) for one in batch}
        if "logs" in self._kinds:
            self._look_at_lines(batch, found)
        searched, too_large = len(batch), 0
        if self._kinds - {"logs"}:
            searched, too_large = self._look_at_payloads(batch, found)
        return ((one, self._is_match(found[one.id])) for one in batch[:searched]), too_large

    def _is_match(self, numbers: Set[int]) -> bool:
        return numbers == self._wanted

    def _look_at_lines(self, batch: Sequence[_Candidate], found: dict[uuid.UUID, set[int]]) -> None:
        tests = ", ".join(f"bool_or(message ILIKE %(text{n})s)" for n in range(len(self._texts)))
        patterns = {f"text{n}": f"%{pattern_of(text.words)}%" for n, text in enumerate(self._texts)}
        sql = f"SELECT execution_id, {tests} FROM log_line WHERE {_PLACES} GROUP BY execution_id"
        for id, *flags in self._read(sql, batch, **patterns):
            found[id].update(n for n, is_in in enumerate(flags) if is_in)

    def _look_at_payloads(self, batch: Sequence[_Candidate], found: dict[uuid.UUID, set[int]]) -> tuple[int, int]:
        """How many candidates of the batch were looked through (what is held at a time is bounded), and how many of
        these were too large to be.
        """
        bodies: dict[uuid.UUID, list[bytes | None]] = {}
        for id, body in self._read(_BODIES, batch):
            bodies.setdefault(id, []).append(body)
        too_large = 0
        for place, one in enumerate(batch):
            told = bodies.get(one.id, ())
            chunks = [body for body in told if body is not None]
            if len(chunks) < len(told):
                return (place, too_large) if place else (1, 1)
            if any(is_too_large(body) for body in chunks):
                too_large += 1
            elif chunks:
                found[one.id] |= self._words.in_payload(one.id, chunks, self._kinds)
        return len(batch), too_large

    def _read(self, statement: str, batch: Sequence[_Candidate], **values: Any) -> Sequence[Sequence[Any]]:
        """What a statement with `_PLACES` says of a batch; DEBUG lines may be in a partition of their own."""
        kept = ((name, one.anchor_day) for one in batch for name in (one.retention_class, int(RetentionClass.DEBUG)))
        places, told = in_places(kept)
        told |= {"team": self.team_id, "ids": [one.id for one in batch], **values}
        return run_planned(statement.format(places=places), told)
