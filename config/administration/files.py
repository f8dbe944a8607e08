"""The first page and what was given up as CSV: what the pages show, a line each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.http import HttpResponseBase

from accounts.admin_forms import csv_download
from config.administration.given_up import KINDS, Mails, TeamRow

BOARD_HEAD = ("part", "what", "value", "oldest_waits_s", "needs_a_look")
GIVEN_UP_HEAD = ("team", "address", *(one.label.lower().replace(" ", "_") for one in KINDS))


def board(told: Mapping[str, Any]) -> HttpResponseBase:
    """The first page, from the values of its template."""
    return csv_download("administration.csv", BOARD_HEAD, list(_board_rows(told)))


def _board_rows(told: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    for part, name in (("Teams and people", "counts"), ("Installation", "facts")):
        yield from ((part, one.label, one.value, None, _yes(one.is_bad)) for one in told[name])
    for waiting in told["queues"]:
        value = f"{waiting.count} or more" if waiting.is_more else waiting.count
        yield "Queues", waiting.queue.label, value, round(waiting.age) if waiting.count else None, _yes(waiting.is_late)
    mails: Mails = told["mails"]
    more = (
        ("Weekly reviews", mails.reviews),
        ("Monthly costs", mails.costs),
        ("Mails about API keys", mails.keys),
        ("Destinations whose last try failed", mails.destinations),
    )
    yield from (("Given up", label, count, None, "") for label, count in (*told["totals"], *more))
    for one in told["runs"]:
        yield "Retention deleted last", one.team.name, one.retention_at.isoformat(), None, ""
    for about, word, is_on in told["outgoing"]:
        yield "Outgoing connections", f"{about.label} ({word})", "on" if is_on else "off", None, ""


def _yes(is_bad: bool) -> str:
    return "yes" if is_bad else "no"


def given_up(rows: Sequence[TeamRow]) -> HttpResponseBase:
    """What was given up, by team; more than can be counted is told as so many or more."""
    cells = [
        (
            *(one.team.name, one.team.slug),
            *(f"{cell.count} or more" if cell.is_more else cell.count for cell in one.cells),
        )
        for one in rows
    ]
    return csv_download("given-up.csv", GIVEN_UP_HEAD, cells)
