"""The form of an export, as it stands in the address: days, table, format and names, with what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from billing.exports.files import Format, Table, format_words, table_words
from billing.models import CostKind, Entry
from billing.reads.cost_lines import Chosen
from billing.views.words import kind_words
from monitoring.windows import EARLIEST, LATEST

MAX_TEXT = 300
MAX_VALUES = 50
# Parameters of addresses, and what they choose.
NAMES: Mapping[str, str] = {
    "workflow": "workflows",
    "provider": "providers",
    "model": "models",
    "env": "environments",
    "tag": "tags",
    "entry": "entries",
    "kind": "kinds",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for. `errors` are by parameter; then the usual stands for what cannot be read."""

    table: Table
    format: Format
    chosen: Chosen
    errors: Mapping[str, str] = field(default_factory=dict)

    def pairs(self) -> list[tuple[str, str]]:
        """The parameters of this choice."""
        found = [("table", self.table.value), ("format", self.format.value)]
        for name, day in (("from", self.chosen.first), ("to", self.chosen.end)):
            if day:
                found.append((name, day.isoformat()))
        for name, attribute in NAMES.items():
            found += [(name, value) for value in getattr(self.chosen, attribute)]
        return found


def read_asked(query: QueryDict, now: datetime) -> Asked:
    """What an address asks for; without days the month that ended last."""
    errors: dict[str, str] = {}
    end = now.date().replace(day=1)
    first = (end - timedelta(days=1)).replace(day=1)
    told_first, told_end = (_day(query, name, errors) for name in ("from", "to"))
    if told_first or told_end:
        first, end = told_first or EARLIEST.date(), told_end or (now.date() + timedelta(days=1))
    if first >= end:
        errors["to"] = _("The end is left out and must be after {day}.").format(day=first)
        end = first + timedelta(days=1)
    return Asked(
        _one_of(query, "table", Table, Table.LINES, errors),
        _one_of(query, "format", Format, Format.SPREADSHEET, errors),
        Chosen(first=first, end=end, **_names(query, errors)),
        errors,
    )


def _day(query: QueryDict, name: str, errors: dict[str, str]) -> date | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        errors[name] = _("{text} is no day: write it as 2026-08-31.").format(text=text[:40])
        return None
    if not EARLIEST.date() <= found <= LATEST.date():
        errors[name] = _("The day must be from 1990 to 2099.")
        return None
    return found


def _one_of(query: QueryDict, name: str, kind: Any, usual: Any, errors: dict[str, str]) -> Any:
    text = query.get(name, "")
    try:
        return kind(text) if text else usual
    except ValueError:
        errors[name] = _("{text} is not known. Allowed: {words}.").format(text=text[:40], words=", ".join(kind))
        return usual


def _names(query: QueryDict, errors: dict[str, str]) -> dict[str, tuple[str, ...]]:
    found = {}
    for name, attribute in NAMES.items():
        values = [value.replace("\x00", "")[:MAX_TEXT] for value in query.getlist(name) if value][:MAX_VALUES]
        if values:
            found[attribute] = tuple(dict.fromkeys(values))
    wrong = [tag for tag in found.get("tags", ()) if "=" not in tag]
    if wrong:
        errors["tag"] = _("{text} is no tag: write it as key=value.").format(text=wrong[0][:40])
    return found


def choices() -> dict[str, Sequence[tuple[str, str]]]:
    """What the form's lists offer."""
    return {
        "tables": [(one.value, table_words(one)) for one in Table],
        "formats": [(one.value, format_words(one)) for one in Format],
        "entries": [(one.name.lower(), _(str(one.label))) for one in Entry],
        "kinds": [(one.name.lower(), kind_words(one)) for one in CostKind],
    }
