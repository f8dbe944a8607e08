"""What `/api/v1/costs/lines/` and the making of exports understand."""

from datetime import date, datetime, timedelta
from typing import Any

import django_filters
from rest_framework import exceptions

from billing.exports.line_table import line_id, line_name
from billing.models import CostKind, CostOutcome, Entry
from billing.reads.cost_lines import AT, Chosen, Line
from monitoring.api.parameters import NamesFilter, RangeFilters, WholeNumberFilter, described, names
from monitoring.windows import EARLIEST, LATEST

MAX_PAGE_SIZE, PAGE_SIZE = 1_000, 100
_WORDS = {"entry": Entry, "kind": CostKind, "outcome": CostOutcome}


class LineFilters(RangeFilters):
    """Names are repeated for "or". `from` and `to` are on the day that a line counts on; a time means its day."""

    workflow = names("Name or slug of a workflow", NamesFilter)
    environment = names("Environment")
    provider = names("Provider")
    model = names("Model")
    tag = names("Cost tag, as key=value")
    entry = names("usage, correction, re_rated, adjustment, credit, commitment, allocated")
    kind = names("tokens, compute, storage, api, subscription, backup, other")
    outcome = names("open, good, failed, retried, after_divergence")
    limit = described(WholeNumberFilter(), f"Lines a page, 1 to {MAX_PAGE_SIZE}. Absent: {PAGE_SIZE}", type="integer")
    after = described(django_filters.CharFilter(max_length=40), "Cursor, as `next` has it", type="string")

    def chosen(self, now: Any) -> Chosen:
        """The lines that are asked for. Raises REST framework's `ValidationError`, by field."""
        told = self.told()
        window = self.window(now)
        choices = {name: told[name] for name in ("workflow", "environment", "provider", "model", "tag", *_WORDS)}
        _check(choices)
        first = window.start.date() if window.start > EARLIEST else None
        end = _day_after(window.end) if window.end < LATEST else None
        wanted: dict[str, Any] = {
            f"{name}s" if name != "entry" else "entries": one.wanted for name, one in choices.items()
        }
        return Chosen(first=first, end=end, **wanted)

    def limit_told(self) -> int:
        """Lines a page. Raises `ValidationError`."""
        limit = self.told()["limit"]
        if limit is not None and not 1 <= limit <= MAX_PAGE_SIZE:
            raise exceptions.ValidationError({"limit": [f"Must be from 1 to {MAX_PAGE_SIZE}."]})
        return PAGE_SIZE if limit is None else int(limit)

    def after_told(self) -> tuple[date, int] | None:
        """The line that the page before ended with. Raises `ValidationError`."""
        text = self.told()["after"] or ""
        if not text:
            return None
        day, _, name = text.partition("_")
        found = line_id(name)
        try:
            read = date.fromisoformat(day)
        except ValueError:
            read = None
        if found is None or read is None:
            raise exceptions.ValidationError({"after": ["Not a cursor of this list: take it from `next`."]})
        return read, found


def cursor_of(line: Line) -> str:
    """The cursor of a page that ends with a line."""
    return f"{line[AT['booked_on']]}_{line_name(line[AT['id']])}"


def _day_after(moment: datetime) -> date:
    """The first day that is left out: a time within a day takes the whole day in."""
    is_midnight = (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)
    return moment.date() if is_midnight else moment.date() + timedelta(days=1)


def _check(choices: dict[str, Any]) -> None:
    for name, choice in choices.items():
        if choice.excluded:
            raise exceptions.ValidationError({name: ["Names cannot be left out here: say those that are wanted."]})
        known = [str(word).lower() for word in _WORDS[name].names] if name in _WORDS else []
        unknown = [word for word in choice.wanted if known and word not in known]
        if unknown:
            raise exceptions.ValidationError({name: [f"{unknown[0]} is not known. Allowed: {', '.join(known)}."]})
    if wrong := [tag for tag in choices["tag"].wanted if "=" not in tag]:
        raise exceptions.ValidationError({"tag": [f"{wrong[0]} is no tag: write it as key=value."]})
