"""The composition root as Django knows it: once all apps are there, it wires them."""

from django.apps import AppConfig


class CompositionConfig(AppConfig):
    """Wires the ports of the apps, and has the checks of the installation."""

    name = "config"

    def ready(self) -> None:
        """Wires them; the apps before it in the list are ready."""
        from config import checks  # noqa: F401 - importing the checks is all
        from config.wiring import wire

        wire()
