"""CSV of exactly what a table shows: `accounts.csv_file`, under the name that pages here know."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import translation

from accounts.csv_file import MAX_ROWS, csv_lines, csv_response

__all__ = ["MAX_ROWS", "csv_lines", "csv_response", "in_english"]


@contextmanager
def in_english() -> Iterator[None]:
    """Around what makes cells of an export: programs read them, so they are the same whoever asks for them.

    Also decorates a function that makes one row.
    """
    with translation.override("en"):
        yield
