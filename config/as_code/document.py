"""The file: YAML with a version and the sections, written and read."""

import re
from typing import Any
from uuid import UUID

import yaml

from config.as_code.budgets import Budgets
from config.as_code.changes import Document, FileRefused, Section
from config.as_code.routes import Routes
from config.as_code.rules import Rules
from config.as_code.silences import Silences
from config.as_code.workflows import Workflows

VERSION = 1
MAX_BYTES = 5_000_000
# In the order in which one may name what another one makes: rules name budgets, routes and silences name rules.
SECTIONS: tuple[Section, ...] = (Workflows(), Budgets(), Rules(), Routes(), Silences())


class _Loader(yaml.SafeLoader):
    """Plain data; only `true` and `false` are booleans, as in YAML 1.2: `on` is a field of a budget's threshold."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in many if tag != "tag:yaml.org,2002:bool"]
        for first, many in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def export(team_id: UUID) -> str:
    """The settings of a team as a file. Call inside the team's context."""
    told = {"version": VERSION, **{section.name: section.export(team_id) for section in SECTIONS}}
    return yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=120)


def read(text: bytes) -> Document:
    """What a file says, by section. Raises `FileRefused`."""
    if len(text) > MAX_BYTES:
        raise FileRefused([f"the file: has {len(text):,} bytes, at most {MAX_BYTES:,} are taken"])
    try:
        # A name for a part is written once and stands for much: a small file could become a very large one.
        if any(isinstance(event, yaml.events.AliasEvent) for event in yaml.parse(text, _Loader)):
            raise FileRefused(["the file: anchors and aliases are not taken, write each item out"])
        told = yaml.load(text, _Loader)  # noqa: S506 - a safe one
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise FileRefused([f"the file: is no YAML: {_where(error)}"]) from error
    return _checked(told)


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or type(error).__name__
    return f"{problem}, line {mark.line + 1}, column {mark.column + 1}" if mark else str(problem)


def _checked(told: Any) -> Document:
    names = [section.name for section in SECTIONS]
    if not isinstance(told, dict):
        raise FileRefused([f"the file: must be a mapping of version and sections ({', '.join(names)})"])
    if told.get("version") != VERSION:
        raise FileRefused([f"version: must be {VERSION}"])
    if strangers := sorted(str(name) for name in told if name not in ("version", *names)):
        raise FileRefused([f"{strangers[0]}: is no section; there are {', '.join(names)}"])
    # A section without anything is an empty one.
    return {name: [] if value is None else value for name, value in told.items() if name != "version"}
