"""The fields of the search field: what each is called, and how its value becomes a parameter of an address."""

import re
from collections.abc import Callable, Mapping
from functools import partial

from django.utils.translation import gettext as _

from monitoring.statuses import SPELLINGS, UNMET, Status

# What a field is called in the search field, and the parameter that it stands for.
FIELDS: Mapping[str, str] = {
    "status": "status",
    "workflow": "workflow",
    "env": "env",
    "environment": "env",
    "step": "step",
    "node": "step",
    "error": "error",
    "system": "system",
    "model": "model",
    "provider": "provider",
    "tool": "tool",
    "release": "release",
    "trigger": "trigger",
    "group": "group",
    "retried": "retried",
    "slower": "slower",
    "costlier": "costlier",
}
# Keys of facets: `tag:customer=acme` is the field `tag.customer` with the value `acme`.
# `input:invoice` without a name is the type of the input.
_PAIRS = {"tag": "tag.", "input": "input.", "feedback": "feedback.", "field": ""}
_OWN = ("session", "user")
KNOWN = (*FIELDS, *_PAIRS, *_OWN, "in")
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h)?")
_AMOUNT = re.compile(r"\d{1,12}(?:\.\d{1,12})?")
_UNIT_MS = {None: 1, "ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
# A parameter with its value, or why there is none.
Told = tuple[str, str] | str


def _read_pair(name: str, value: str) -> Told:
    key, is_pair, told = value.partition("=")
    if is_pair and key:
        return "field", f"{_PAIRS[name]}{key}={told}"
    return ("input", value) if name == "input" and not is_pair else _("write {field}:name=value").format(field=name)


def _read_own(name: str, value: str) -> Told:
    return "field", f"{name}={value}"


def _read_slower(value: str) -> Told:
    duration = _DURATION.fullmatch(value)
    if duration is None:
        return _("write a time, as slower:500ms, slower:5s or slower:2m")
    return "slower", f"{float(duration.group(1)) * _UNIT_MS[duration.group(2)]:.15g}"


def _read_costlier(value: str) -> Told:
    is_amount = _AMOUNT.fullmatch(value)
    return ("costlier", value) if is_amount else _("write an amount in US dollars, as costlier:0.5")


def _read_status(value: str) -> Told:
    word = value.lower().replace("-", "_").replace(" ", "_")
    if word == UNMET:
        return "status", word
    if word not in SPELLINGS:
        return _("a status is one of {statuses} and {last}").format(
            statuses=", ".join(status.word for status in Status), last=UNMET
        )
    return "status", SPELLINGS[word].word


def _read_retried(value: str) -> Told:
    word = value.lower()
    return ("retried", word) if word in ("yes", "no") else _("write retried:yes or retried:no")


READERS: Mapping[str, Callable[[str], Told]] = {
    **{name: partial(_read_pair, name) for name in _PAIRS},
    **{name: partial(_read_own, name) for name in _OWN},
    "slower": _read_slower,
    "costlier": _read_costlier,
    "status": _read_status,
    "retried": _read_retried,
}
