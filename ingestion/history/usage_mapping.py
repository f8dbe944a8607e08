"""Which column of a usage file means what. Pure.

`time=TIMESTAMP` reads a column, `workflow:=code` says the same of every row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

TAG = "tag."
TOKENS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
# All that went in, cached or not: what the other columns tell of the cache is taken off.
ALL_INPUT = "all_input_tokens"
NAMES = ("workflow", "environment", "release", "node", "provider", "model")
TARGETS = ("time", *NAMES, ALL_INPUT, *TOKENS, "calls", "cost", "currency")
FIGURES = (ALL_INPUT, *TOKENS, "cost")
# What files call these columns; lower case, without blanks, lines and points.
_KNOWN = {
    "time": ("timestamp", "time", "date", "datetime", "createdat", "startedat", "day", "starttime"),
    "workflow": ("workflow", "project", "app", "service"),
    "environment": ("environment", "env"),
    "provider": ("provider", "vendor"),
    "model": ("model", "modelname", "modelversion"),
    "input_tokens": ("inputtokens", "prompttokens", "contexttokens", "tokensin", "uncachedinputtokens"),
    "cache_read_tokens": ("cachereadtokens", "cachereadinputtokens", "cachedtokens", "inputcachedtokens"),
    "cache_write_tokens": ("cachewritetokens", "cachecreationinputtokens", "cachecreationtokens"),
    "output_tokens": ("outputtokens", "completiontokens", "generatedtokens", "tokensout"),
    "reasoning_tokens": ("reasoningtokens",),
    "calls": ("calls", "requests", "nummodelrequests"),
    "cost": ("cost", "costusd", "totalcost", "amount", "amountusd"),
    "currency": ("currency",),
}


class BadMapping(ValueError):
    """The mapping cannot be used; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """Columns by what they mean, and what is the same in every row; tags by their names."""

    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)

    def texts(self) -> list[str]:
        """As it is written."""
        return [
            *(f"{target}={column}" for target, column in self.columns.items()),
            *(f"{target}:={value}" for target, value in self.constants.items()),
        ]


def read_mapping(texts: Iterable[str]) -> Mapping:
    """The mapping that texts say, one an entry. Raises `BadMapping`."""
    columns: dict[str, str] = {}
    constants: dict[str, str] = {}
    for text in texts:
        target, is_told, value = (part.strip() for part in text.partition("="))
        kind = constants if target.endswith(":") else columns
        target = target.removesuffix(":").strip()
        if not (is_told and target and value):
            told = _("{text}: write it as {example}=COLUMN, or workflow:=NAME for the same in every row.")
            raise BadMapping(told.format(text=text, example=TARGETS[0]))
        if target not in TARGETS and not (target.startswith(TAG) and len(target) > len(TAG)):
            known = ", ".join((*TARGETS, f"{TAG}NAME"))
            raise BadMapping(_("{name} is not known. Known: {known}.").format(name=target, known=known))
        if target in columns or target in constants:
            raise BadMapping(_("{name} is told twice.").format(name=target))
        kind[target] = value
    return _complete(Mapping(columns, constants))


def _complete(found: Mapping) -> Mapping:
    """The mapping, where it says enough. Raises `BadMapping`."""
    told = {**found.columns, **found.constants}
    if "time" not in told:
        raise BadMapping(_("Nothing is the time: add time=COLUMN."))
    if not any(name in found.columns for name in FIGURES):
        raise BadMapping(_("No column tells usage: add at least one of {names}.").format(names=", ".join(FIGURES)))
    if ALL_INPUT in told and "input_tokens" in told:
        lacks = _("{name} and input_tokens exclude each other: one is all input, one the uncached rest.")
        raise BadMapping(lacks.format(name=ALL_INPUT))
    return found


def check_columns(mapping: Mapping, names: list[str]) -> None:
    """Says where the mapping reads columns that the file does not have. Raises `BadMapping`."""
    missing = [column for column in mapping.columns.values() if column not in names]
    if missing:
        lacks = _("The file has no column {missing}. Is it of another provider? It has: {names}.")
        raise BadMapping(lacks.format(missing=", ".join(missing), names=", ".join(names[:50]) or _("none")))
    doubled = [column for column in mapping.columns.values() if names.count(column) > 1]
    if doubled:
        raise BadMapping(_("The file has the column {name} twice: rename one.").format(name=doubled[0]))


def guess(names: Sequence[str]) -> list[str]:
    """A mapping to begin with, by the names of columns; it may lack what is needed."""
    plain = {"".join(char for char in name.lower() if char.isalnum()): name for name in reversed(names)}
    found = []
    for target, known in _KNOWN.items():
        column = next((plain[word] for word in known if word in plain), None)
        if column:
            found.append(f"{target}={column}")
    return found
