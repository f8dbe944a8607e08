"""Users, teams, roles, keys, and the tenancy that every other app stands on."""
