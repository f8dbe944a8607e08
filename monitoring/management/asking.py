"""What commands that read executions have in common: the team, and the filters of the pages as options."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from django.core.management.base import CommandError
from django.http import QueryDict

from accounts.models import Team
from monitoring.filters import ANY, NAMES, Filters, parse_filters
from monitoring.windows import parse_instant

_OPTIONS = {
    "workflow": "slug; repeat it for several, begin it with - to leave one out",
    "status": "succeeded, failed, timed_out, running ...; repeat it for several",
    "env": "environment; all when absent",
    "q": "text: an id that begins so, or an error that has it",
}


def add_options(parser: ArgumentParser) -> None:
    """The team, the filters that are asked for most, and all others as an address has them."""
    parser.add_argument("--team", required=True, help="slug of the team")
    for name, help in _OPTIONS.items():
        parser.add_argument(f"--{name}", action="append", default=[], metavar=name.upper(), help=help)
    parser.add_argument(
        "--query", default="", help="any filters as a page's address has them: 'step=fetch&model=gpt-5&slower=5000'"
    )


def team_of(options: dict[str, Any]) -> Team:
    """The team that is named. Raises `CommandError`."""
    team = Team.objects.filter(slug=options["team"]).first()
    if team is None:
        raise CommandError(f"--team: there is no team {options['team']}")
    return team


def query_of(options: dict[str, Any], **more: str) -> QueryDict:
    """The filters as a query. Raises `CommandError` for one that there is not."""
    told = QueryDict(mutable=True)
    for name, value in parse_qsl(options["query"].lstrip("?"), keep_blank_values=True):
        if name not in (*NAMES, "q", "sort"):
            raise CommandError(f"--query: there is no filter {name}; there are {', '.join(NAMES)}")
        told.appendlist(name, value)
    for name in _OPTIONS:
        for value in options[name]:
            told.appendlist(name, value)
    told.setdefault("env", ANY)
    for name, value in more.items():
        told[name] = value
    return told


def filters_of(query: QueryDict, now: datetime) -> Filters:
    """The filters of a query. Raises `CommandError` where its window cannot be read: pages take another one then."""
    start, end = (parse_instant(query.get(name, usual), now) for name, usual in (("from", "now-7d"), ("to", "now")))
    if start is None or end is None or start >= end:
        raise CommandError("--from, --to: give a time as 2026-11-28T10:00, or as now-24h, the earlier one first")
    return parse_filters(query, now)
