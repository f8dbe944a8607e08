"""CSV of exactly what a table shows: `accounts.csv_file`, under the name that pages here know."""

from accounts.csv_file import MAX_ROWS, csv_lines, csv_response

__all__ = ["MAX_ROWS", "csv_lines", "csv_response"]
