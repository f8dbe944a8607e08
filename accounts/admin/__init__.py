"""The installation's own administration of accounts, one file a subject. No customer payloads here."""

from accounts.admin import identity, impersonations, keys, logs, mails, members, teams, users

__all__ = ["identity", "impersonations", "keys", "logs", "mails", "members", "teams", "users"]
