"""`manage.py add_source`: one more way in for a team, for scripts."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.tenancy import team_context
from ingestion.kinds import KINDS, SourceKind
from ingestion.management.commands.import_executions import team_of
from ingestion.services.sources import NewSource, create_source, takes_secret

MAX_NAME, MAX_LABEL, MAX_SECRET = 120, 200, 2_000
FIELDS = ("team", "id", "kind", "name", "address", "key")


def kind_of(text: str) -> SourceKind:
    """The kind with this name. Raises `CommandError`, which names them all."""
    if text not in set(SourceKind):
        raise CommandError(f"--kind: {text} is no kind of source. One of: {', '.join(SourceKind)}")
    return SourceKind(text)


def _bounded(option: str, value: str, most: int) -> str:
    if len(value) > most:
        raise CommandError(f"--{option}: {len(value)} characters are too many, at most {most}")
    if "\0" in value:
        raise CommandError(f"--{option}: holds a character that cannot be stored (U+0000)")
    return value


class Command(BaseCommand):
    """Prints where the new source reports to, and its key, which nobody can read again."""

    help = "Add a source to a team: prints its id, its address and, where reports carry one, a fresh key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--team", required=True, help="slug of the team")
        parser.add_argument("--kind", required=True, help=f"one of {', '.join(SourceKind)}")
        parser.add_argument("--name", default="", help="what it is called; the name of its kind when left out")
        parser.add_argument("--secret", default="", help="what signs reports, for webhooks that can be signed")
        parser.add_argument("--environment", default="", help="environment, where reports tell none")
        parser.add_argument("--workflow", default="", help="workflow, where reports tell none")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        team, kind = team_of(options["team"]), kind_of(options["kind"])
        name = _bounded("name", options["name"].strip(), MAX_NAME) or KINDS[kind].label
        environment = _bounded("environment", options["environment"], MAX_LABEL)
        workflow = _bounded("workflow", options["workflow"], MAX_LABEL)
        secret = _bounded("secret", options["secret"], MAX_SECRET)
        if secret and not takes_secret(kind):
            signed = ", ".join(one for one in SourceKind if takes_secret(one))
            raise CommandError(f"--secret: reports of kind {kind} are not signed; those of {signed} are")
        if kind == SourceKind.PING:
            workflow = workflow or name
        with team_context(team.id):
            made = create_source(
                team=team, kind=kind, name=name, secret=secret or None, environment=environment, workflow=workflow
            )
        self._tell(team.slug, made, as_json=options["json"])

    def _tell(self, team: str, made: NewSource, *, as_json: bool) -> None:
        source = made.source
        told = dict(zip(FIELDS, (team, str(source.id), source.kind, source.name, made.address, made.key), strict=True))
        if as_json:
            self.stdout.write(json.dumps(told))
            return
        for name, value in told.items():
            if value is not None:
                self.stdout.write(f"{name:9} {value}")
