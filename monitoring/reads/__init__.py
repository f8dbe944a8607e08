"""Reads: what pages and the API show, as plain dataclasses. The team comes first in each."""
