"""How revisions are kept in few bytes."""

from monitoring.store.fields import EXECUTION, STEP
from monitoring.store.revisions import LETTERS, pack, unpack


def test_every_column_that_can_have_a_revision_has_a_letter_of_its_own() -> None:
    columns = {field.name for table in (EXECUTION, STEP) for field in table.fields if field.rule and field.has_revision}
    assert columns | {"error"} <= LETTERS.keys()
    assert len(set(LETTERS.values())) == len(LETTERS)


def test_what_is_packed_is_read_again() -> None:
    told = {"status": 7, "workflow_id": 7, "environment_id": -2, "started_at": 9}
    assert pack(told) == {"7": "sw", "-2": "e", "9": "x"}
    assert unpack(pack(told)) == told


def test_rows_from_before_are_read_and_none_stays_none() -> None:
    assert unpack({"status": 7, "error": 1}) == {"status": 7, "error": 1}
    assert pack(None) is pack({}) is unpack(None) is None
