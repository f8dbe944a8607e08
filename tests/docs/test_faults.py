"""The table of faults in the docs is the one that the last `make faults` measured."""

from pathlib import Path

from tests.faults.results import FILE, read, table

PAGE = Path(__file__).parents[2] / "docs" / "building" / "faults.md"


def test_the_table_is_what_was_measured() -> None:
    assert FILE.exists()
    assert "\n".join(table(read())) in PAGE.read_text()


def test_every_fault_that_was_measured_keeps_the_promise() -> None:
    for one in read():
        assert (one.lost, one.doubled, one.other_5xx, one.sent - one.acknowledged) == (0, 0, 0, one_refused(one.name))
        assert max(one.recovered, default=0.0) <= 60.0, one.name


def one_refused(name: str) -> int:
    """How many items are to be refused: the poisoned ones."""
    return 200 if "poisoned" in name else 0
