"""Application settings of `accounts`."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers the app."""

    name = "accounts"

    def ready(self) -> None:
        """System checks register themselves; what happens at the door is told to the log."""
        from django.utils import translation

        from accounts import checks, phrases  # noqa: F401 - importing the checks is all
        from accounts.languages import keep_by_thread
        from accounts.sign_in import events

        keep_by_thread()
        phrases.translate_with(translation.gettext, translation.ngettext)
        events.connect()
