"""Rows as parameters: what is sent is what is stored, whether a column has one value throughout, several or none."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Team
from accounts.tenancy import team_context
from monitoring.identity import execution_id
from monitoring.store.fields import IDENTITY, LOG_LINE, PAYLOAD, STEP, Row, Table
from monitoring.store.partitions import ensure
from monitoring.store.statements import columns, insert, load, run, select_list
from tests.factories import NOW

pytestmark = pytest.mark.django_db

ROWS = 3
VALUES: dict[str, list[Any]] = {
    "uuid": [],
    "date": [NOW.date()],
    "bigint": [0, -1, 2**63 - 1, -(2**63)],
    "integer": [0, 1, 2**31 - 1],
    "smallint": [0, 1, 32_767],
    "double precision": [0.0, 0.1, 1e300],
    "numeric": [Decimal("0.10"), Decimal("1E-30"), Decimal(10) ** 15],
    "timestamptz": [NOW, NOW + timedelta(microseconds=1)],
    "text": ["", "NULL", 'a "b" \\c {d,e} \n é 🙂', "{}"],
    "jsonb": [{"status": 3}, {'a "b" \\': 1}],
    "bytea": [b"", b"\x00\xff\\"],
    "boolean": [True, False],
}
PLACE = {
    "retention_class": [0],
    "anchor_day": [NOW.date()],
    "attempt": [1, 2],
    "is_covered": [True, False],
    "message": ["", "{}"],
    "body": [b"\x00"],
    "revisions": [None, {"status": 3}, {"status": 3, "error": -1, "node_id": 2**60}],
}


@st.composite
def told_rows(draw: st.DrawFn, table: Table, team: Team) -> list[Row]:
    """Rows in which each column is the same throughout, or differs, with or without NULL."""
    made = [[execution_id(team.id, "run"), number] for number in range(draw(st.integers(1, ROWS)))]
    for field in table.fields[IDENTITY:]:
        values = PLACE.get(field.name) or [None, *VALUES[field.type]]
        same = draw(st.booleans())
        first = draw(st.sampled_from(values))
        for row in made:
            row.append(first if same else draw(st.sampled_from(values)))
    return made


@pytest.mark.parametrize("table", [STEP, LOG_LINE, PAYLOAD], ids=lambda table: table.name)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_rows_come_back_as_they_were_sent(team: Team, table: Table, data: st.DataObject) -> None:
    ensure([(0, NOW.date())])
    rows = data.draw(told_rows(table, team))
    with team_context(team.id):
        run(f"DELETE FROM {table.name} WHERE team_id = %s", [team.id])
        run(insert(table), [team.id, *columns(table, rows)])
        stored = run(
            f"SELECT {select_list(table)} FROM {table.name} WHERE team_id = %s ORDER BY {table.names[1]}", [team.id]
        )
    assert [load(table, row) for row in stored] == rows


def test_a_column_with_one_value_travels_as_that_value() -> None:
    rows = [[number, number, 0, NOW.date(), b"x"] for number in range(2)]
    assert columns(PAYLOAD, rows) == ["0", f"{NOW:%Y-%m-%d}", "\\x78", "{0,1}", "{0,1}", "{}", "{}", "{}"]
