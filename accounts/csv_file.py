"""CSV of exactly what a table shows: streamed, and safe to open in a spreadsheet; and which uploads are read as CSV."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse
from django.utils.translation import gettext_noop

from accounts.audit import record
from accounts.safe_cells import safe_cell

MAX_ROWS = 10_000


# Why an upload is not read; its content is looked at after its name.
NOT_CSV = gettext_noop("the name of the file must end in .csv: it is read as text with columns, and as nothing else")


def is_named_csv(name: str) -> bool:
    """Whether the name of an upload ends as its content is read."""
    return name.lower().endswith(".csv")


class _Echo:
    """Hands each written line back, so that `csv.writer` can feed a stream."""

    def write(self, line: str) -> str:
        return line


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The lines of the file. After `MAX_ROWS` rows a last line says that the rest is missing."""
    writer = csv.writer(_Echo())
    yield writer.writerow([safe_cell(cell) for cell in header])
    for number, row in enumerate(rows):
        if number == MAX_ROWS:
            yield writer.writerow([f"First {MAX_ROWS:,} rows shown; narrow the filters for the rest."])
            return
        yield writer.writerow([safe_cell(cell) for cell in row])


def csv_response(filename: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """A download of the rows, at most `MAX_ROWS`, told to the audit log.

    `rows` may be lazy only if it opens its own team context.
    """
    record("export.downloaded", ("export", filename, filename))
    response = StreamingHttpResponse(csv_lines(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response
