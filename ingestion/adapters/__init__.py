"""Protocols, one module each. Pure: bytes in, neutral records out; no Django, no database."""
