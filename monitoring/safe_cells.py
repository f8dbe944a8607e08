"""Cells that are safe to open in a spreadsheet: `accounts.safe_cells`, under the name that tables here know."""

from accounts.safe_cells import safe_cell

__all__ = ["safe_cell"]
