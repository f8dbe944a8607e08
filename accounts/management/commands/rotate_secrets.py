"""`manage.py rotate_secrets`: all secrets at rest under the newest key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.acting import Actor, ActorKind, Via, acting
from accounts.audit import record_for_installation
from accounts.services.secret_rotation import rotate


class Command(BaseCommand):
    """Run it after SECRET_KEY was changed and the old one named in SECRET_KEY_FALLBACKS; then that can go."""

    help = "Encrypt all kept secrets with the present SECRET_KEY, those of SECRET_KEY_FALLBACKS included."

    def handle(self, *args: Any, **options: Any) -> None:
        """One line a column; fails where a secret can be read by no key."""
        unreadable = 0
        with acting(Actor(ActorKind.COMMAND, "manage.py rotate_secrets"), Via.COMMAND):
            for one in rotate():
                self.stdout.write(
                    f"{one.column}: {one.renewed} encrypted anew, {one.kept} already were, {one.unreadable} unreadable"
                )
                unreadable += one.unreadable
                record_for_installation(
                    "secrets.rotated",
                    ("column", one.column, one.column),
                    after={"renewed": one.renewed, "kept": one.kept, "unreadable": one.unreadable},
                )
        if unreadable:
            raise CommandError(
                f"{unreadable} secrets were encrypted with a key that is not known any more. Name it in "
                "SECRET_KEY_FALLBACKS and run this again, or enter them anew on their pages."
            )
