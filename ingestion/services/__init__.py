"""Changes that people make to sources."""
