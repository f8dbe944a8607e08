"""Reads: one module a page and resource. They return plain dataclasses and take the team first.

All of them run inside a `team_context` of that team, which the caller has opened.
"""
