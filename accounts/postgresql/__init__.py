"""Database backend: PostgreSQL with keys that start with the team."""
