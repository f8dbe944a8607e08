"""Places: only their partitions are planned for, whatever classes and days have in common."""

from datetime import date, timedelta

import pytest
from django.db import connection

from accounts.statements import run_planned
from monitoring.reads.places import MAX_SPANS, Place, in_places

MONDAY, TUESDAY, FRIDAY = date(2026, 11, 16), date(2026, 11, 17), date(2026, 11, 20)
_TABLE = """CREATE TEMPORARY TABLE told (retention_class smallint NOT NULL, anchor_day date NOT NULL)
    PARTITION BY RANGE (retention_class, anchor_day)"""
_PARTITION = """CREATE TEMPORARY TABLE told_{kept}_{day} PARTITION OF told
    FOR VALUES FROM ({kept}, '2026-11-{day}') TO ({kept}, '2026-11-{after}')"""


def planned(places: list[Place]) -> set[str]:
    """The partitions in the plan."""
    text, values = in_places(places, "one")
    lines = run_planned(f"EXPLAIN SELECT * FROM told one WHERE {text}", values)
    return {word for (line,) in lines for word in line.split() if word.startswith("told_")}


@pytest.mark.django_db
def test_only_the_partitions_of_the_places_are_planned_for() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_TABLE)
        for kept in (0, 1):
            for day in range(16, 22):
                cursor.execute(_PARTITION.format(kept=kept, day=day, after=day + 1))
    assert planned([(0, MONDAY)]) == {"told_0_16"}
    assert planned([(0, FRIDAY), (0, MONDAY), (0, TUESDAY), (0, MONDAY)]) == {"told_0_16", "told_0_17", "told_0_20"}
    assert planned([(0, MONDAY), (1, MONDAY)]) == {"told_0_16", "told_1_16"}
    assert planned([(0, MONDAY), (1, TUESDAY)]) == {"told_0_16", "told_1_17"}
    assert planned([]) == set()


def test_many_spans_become_one_of_each_class() -> None:
    days = [MONDAY + timedelta(days=2 * number) for number in range(MAX_SPANS + 1)]
    text, values = in_places([(0, day) for day in days[:MAX_SPANS]])
    assert (text.count(" OR "), len(values)) == (MAX_SPANS - 1, 3 * MAX_SPANS)
    _text, values = in_places([(kept, day) for kept in (0, 1) for day in days])
    first, last = days[0], days[-1]
    assert values == {"kept0": 0, "first0": first, "last0": last, "kept1": 1, "first1": first, "last1": last}
