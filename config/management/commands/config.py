"""`manage.py config export|apply`: settings of a team as a file that can be kept beside the code."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.acting import Actor, ActorKind, Via, acting
from accounts.models import Team
from accounts.tenancy import team_context
from config.as_code import Change, FileRefused, apply, export, read

SHOWN = 60


class Command(BaseCommand):
    """Writes objectives, criteria, budgets, alert rules, routes and silences of a team, or makes them so."""

    help = (
        "Write objectives, criteria, budgets, alert rules, routes and silences of a team as YAML (export), or make "
        "the team as such a file says (apply)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        written = acts.add_parser("export", help="write the settings as YAML")
        written.add_argument("--to", type=Path, metavar="FILE", help="instead of the output")
        applied = acts.add_parser("apply", help="make the team as a file says: all of it, or nothing")
        applied.add_argument("file", help="a file, - for the input")
        applied.add_argument("--dry-run", action="store_true", help="say what would change")
        applied.add_argument("--prune", action="store_true", help="remove what the file's sections do not name")
        applied.add_argument("--json", action="store_true", help="print one JSON object")
        for one in (written, applied):
            one.add_argument("--team", required=True, help="slug of the team")

    def handle(self, *args: Any, **options: Any) -> None:
        team = Team.objects.filter(slug=options["team"]).first()
        if team is None:
            raise CommandError(f"--team: there is no team {options['team']}")
        if options["act"] == "export":
            self._export(team, options["to"])
        else:
            self._apply(team, options)

    def _export(self, team: Team, path: Path | None) -> None:
        with team_context(team.id):
            text = export(team.id)
        if path is None:
            self.stdout.write(text, ending="")
        else:
            path.write_text(text)

    def _apply(self, team: Team, options: dict[str, Any]) -> None:
        try:
            told = read(_content(options["file"]))
            with acting(Actor(ActorKind.COMMAND, "config apply"), Via.COMMAND):
                changes = apply(team.id, told, timezone.now(), is_dry=options["dry_run"], is_pruning=options["prune"])
        except FileRefused as refused:
            if options["json"]:
                self.stdout.write(json.dumps({"is_applied": False, "faults": refused.faults, "changes": []}, indent=1))
                sys.exit(1)
            faults = "\n".join(f"  {one}" for one in refused.faults)
            raise CommandError(f"Nothing was changed:\n{faults}") from None
        if options["json"]:
            document = {"is_applied": not options["dry_run"], "faults": [], "changes": [_told(one) for one in changes]}
            self.stdout.write(json.dumps(document, indent=1, default=str))
        else:
            self.stdout.write(_text(changes, is_dry=options["dry_run"]))


def _content(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from None


def _told(one: Change) -> dict[str, Any]:
    fields = {name: {"before": before, "after": after} for name, (before, after) in one.fields.items()}
    return {"section": one.section, "name": one.name, "act": one.act, "fields": fields}


def _text(changes: list[Change], *, is_dry: bool) -> str:
    if not changes:
        return "Nothing to change: the team is as the file says."
    lines = []
    for one in changes:
        lines.append(f"{one.act:7}{one.section}: {one.name}")
        if one.act == "change":
            lines += [
                f"         {name}: {_short(before)} -> {_short(after)}" for name, (before, after) in one.fields.items()
            ]
    count = f"{len(changes)} {'would be' if is_dry else ''}".strip()
    return "\n".join([*lines, "", f"{count} changed."])


def _short(value: Any) -> str:
    text = "not set" if value is None else str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
