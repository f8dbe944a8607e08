"""The only writers of records and rollups."""
