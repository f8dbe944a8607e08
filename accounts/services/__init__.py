"""Writes of accounts: each a keyword-only function that leaves a consistent state."""
