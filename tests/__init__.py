"""Tests. The tree mirrors the code; shared fixtures are in `conftest.py`."""
