"""Computed advice: what to set, with the arithmetic. Pure functions, one file each; what cannot be told says so."""
