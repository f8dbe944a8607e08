"""Conventions of others, as data: which of their names means which of our fields."""
