"""Which partitions of steps, payloads and log lines are looked into: those of executions that are known.

Partitions are by class and day together. PostgreSQL leaves one out of its plan only for a condition on both: lists of
classes and of days beside each other (`= ANY`) leave all of them in, and planning for months of them takes several
milliseconds, ten times as long as the look-up itself.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

# Retention class and anchor day of an execution.
Place = tuple[int, date]
# Each partition of the plan has all spans as its condition, so that many of them cost more than some partitions more.
MAX_SPANS = 6
_DAY = timedelta(days=1)


def in_places(places: Iterable[Place], table: str = "") -> tuple[str, dict[str, Any]]:
    """SQL that leaves few partitions beside those of these places, and its parameters. It stands beside a condition on
    the executions, in `run_planned`, as the plan depends on the values. `table` is the name before the columns.
    """
    spans = _spans(sorted(set(places)))
    of = f"{table}." if table else ""
    texts = [
        f"({of}retention_class = %(kept{number})s AND {of}anchor_day BETWEEN %(first{number})s AND %(last{number})s)"
        for number in range(len(spans))
    ]
    if texts:
        # What all spans have in common, as a rule the class, PostgreSQL puts before them, and then no longer prunes.
        # The first one is turned round, so that they have nothing in common.
        texts[0] = f"(%(kept0)s = {of}retention_class AND %(first0)s <= {of}anchor_day AND %(last0)s >= {of}anchor_day)"
    values: dict[str, Any] = {}
    for number, (kept, first, last) in enumerate(spans):
        values |= {f"kept{number}": kept, f"first{number}": first, f"last{number}": last}
    return f"({' OR '.join(texts) or 'false'})", values


def _spans(places: list[Place]) -> list[tuple[int, date, date]]:
    """Days that follow each other as one; where that leaves too many, one for each class."""
    spans: list[tuple[int, date, date]] = []
    whole: dict[int, tuple[int, date, date]] = {}
    for kept, day in places:
        whole[kept] = (kept, whole[kept][1] if kept in whole else day, day)
        if spans and spans[-1][0] == kept and spans[-1][2] + _DAY == day:
            spans[-1] = (kept, spans[-1][1], day)
        else:
            spans.append((kept, day, day))
    return spans if len(spans) <= MAX_SPANS else list(whole.values())
