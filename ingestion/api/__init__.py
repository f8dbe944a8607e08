"""HTTP endpoints of the ways in."""
