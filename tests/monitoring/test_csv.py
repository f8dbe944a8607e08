"""CSV of a table: every cell safe, the end of a long one said."""

import pytest

from monitoring.safe_cells import safe_cell
from monitoring.views.csv import MAX_ROWS, csv_lines, csv_response

STARTS = ["=1+1", "+1", "-1", "@sum", "\tx", "\rx", "\nx", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20sum"]


@pytest.mark.parametrize("text", STARTS)
def test_a_formula_is_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


def test_other_cells_stay_as_they_are() -> None:
    assert [safe_cell(cell) for cell in ("a-b", "", None, -1, 2.5)] == ["a-b", "", "", -1, 2.5]


def test_lines_are_quoted() -> None:
    assert list(csv_lines(["name", "n"], [['say "hi", twice', 1]])) == ["name,n\r\n", '"say ""hi"", twice",1\r\n']


def test_what_is_cut_says_so() -> None:
    lines = list(csv_lines(["n"], ([n] for n in range(MAX_ROWS + 5))))
    assert len(lines) == MAX_ROWS + 2
    assert "First 10,000 rows shown" in lines[-1]


@pytest.mark.usefixtures("in_team")
def test_it_is_a_download() -> None:
    response = csv_response("failed.csv", ["n"], [[1]])
    assert response["Content-Disposition"] == 'attachment; filename="failed.csv"'
    assert b"".join(response) == b"n\r\n1\r\n"  # type: ignore[arg-type]
