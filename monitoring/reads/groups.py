"""Failure groups of a window, and failures over time split into the leading step and the others. One query."""
