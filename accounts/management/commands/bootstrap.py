"""`manage.py bootstrap`: one more team with an owner and an API key with all scopes."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from accounts.services.teams import create_team_with_owner


class Command(BaseCommand):
    """Makes a team and prints what its owner needs: the password and the key are shown this once."""

    help = "Make a team with an owner and an API key (with all scopes), and print them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--team", required=True, help="name of the team")
        parser.add_argument(
            "--email", required=True, help="e-mail address of its owner; a known one keeps its password"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        name, email = options["team"].strip(), options["email"].strip()
        if not name or len(name) > 80:
            raise CommandError("--team: give a name of 1 to 80 characters")
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"--email: {email} is no e-mail address") from error
        made = create_team_with_owner(name=name, email=email)
        told = {
            "base_url": settings.BASE_URL,
            "email": made.owner.email,
            "password": made.password,
            "team": made.team.slug,
            "api_key": made.api_key,
        }
        if options["json"]:
            self.stdout.write(json.dumps(told))
            return
        for label, value in told.items():
            self.stdout.write(f"{label:9} {value if value is not None else '(unchanged)'}")
