"""Pages of accounts, one module a page."""
