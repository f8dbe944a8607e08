"""Application settings of `accounts`."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers the app."""

    name = "accounts"

    def ready(self) -> None:
        """System checks register themselves; what happens at the door is told to the log."""
        from accounts import checks  # noqa: F401 - importing is all
        from accounts.sign_in import events

        events.connect()
