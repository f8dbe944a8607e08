"""Writes that people ask for on pages: keyword-only, atomic."""
