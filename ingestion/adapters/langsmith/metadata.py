"""What stands in a run's `extra`: metadata (some keys of which have a meaning), parameters, the runtime.

The SDK hands metadata of a run down to its children, so what is about the whole execution is read from the root only.
"""

import re
from typing import Any

from msgspec import Struct

from ingestion.adapters import wire
from ingestion.adapters.langsmith.told import as_object, as_text
from ingestion.adapters.rates import of_share
from ingestion.adapters.refusals import Refused, type_word
from ingestion.records import Rate, SamplingOrigin

# Settings of the program that the SDK copies from its environment.
_SETTINGS = ("LANGSMITH_", "LANGCHAIN_")
_SAMPLE_RATES = ("ls_tracing_sample_rate", "LANGSMITH_TRACING_SAMPLING_RATE", "LANGCHAIN_TRACING_SAMPLING_RATE")
_SESSION = ("session_id", "thread_id", "conversation_id")
_USER = ("user_id",)
_ENVIRONMENT = ("environment", "env")
_RELEASE = ("revision_id",)
_DESCRIBED = re.compile(r"(?:^|-g)([0-9a-f]{7,40})(?:-dirty)?$")
_ABOUT_ALL = frozenset((*_SESSION, *_USER, *_ENVIRONMENT, *_RELEASE))
# Read elsewhere, and large or told otherwise.
_READ = frozenset({"usage_metadata", "ls_provider", "ls_model_name"})
MAX_TAGS = 30
MAX_TAG_VALUE = 200
_HIDDEN_TAGS = ("seq:", "map:", "graph:", "langsmith:", "retry:attempt:")


class Whole(Struct, frozen=True):
    """What the root's metadata says about the whole execution."""

    session: str | None = None
    user: str | None = None
    environment: str | None = None
    release: str | None = None
    commit: str | None = None


class Extra(Struct):
    """The `extra` of a run, without settings; `rest` are its other fields but for the runtime.

    `rate` is how often the client reports a trace, where it samples.
    """

    metadata: dict[str, Any]
    runtime: dict[str, Any]
    rest: dict[str, Any]
    rate: Rate | None = None


def read_extra(told: Any) -> Extra:
    """Splits an `extra`. Raises `Refused`."""
    if told is None:
        return Extra({}, {}, {})
    if not isinstance(told, dict):
        raise Refused("extra", f"must be an object, not {type_word(told)}")
    rest = dict(told)
    metadata, runtime = as_object(rest.pop("metadata", None)), as_object(rest.pop("runtime", None))
    if len(metadata) + len(rest) > wire.MAX_ATTRIBUTES:
        raise Refused("extra", f"must have at most {wire.MAX_ATTRIBUTES:,} entries with those of its metadata")
    kept = {key: one for key, one in metadata.items() if not key.startswith(_SETTINGS)}
    return Extra(kept, runtime, rest, _read_rate(metadata))


def _read_rate(metadata: dict[str, Any]) -> Rate | None:
    """What the client was set to, which it writes into each run; else the setting, which older ones copy alone."""
    for name in _SAMPLE_RATES:
        if (number := of_share(metadata.get(name))) is not None:
            return Rate(number, SamplingOrigin.LANGSMITH, f"{name}: {metadata[name]}")
    return None


def _id(metadata: dict[str, Any], names: tuple[str, ...], limit: int) -> str | None:
    """The first told word; one that is too long stays an attribute and is none."""
    for name in names:
        value = metadata.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and 0 < len(str(value)) <= limit:
            return str(value)
    return None


def commit_of(revision: str | None) -> str | None:
    """The commit that a revision names: the client tells `git describe --tags --always --dirty` where nobody set it.

    `v1.2-14-g2414721` and `2414721-dirty` name 2414721; a tag alone names none.
    """
    found = _DESCRIBED.search(revision or "")
    return found[1] if found else None


def read_whole(metadata: dict[str, Any]) -> Whole:
    """What the metadata of a root says about the execution."""
    release = _id(metadata, _RELEASE, wire.MAX_NAME)
    return Whole(
        session=_id(metadata, _SESSION, wire.MAX_ID),
        user=_id(metadata, _USER, wire.MAX_ID),
        environment=_id(metadata, _ENVIRONMENT, wire.MAX_NAME),
        release=release,
        commit=commit_of(release),
    )


def _words(told: Any) -> list[str]:
    return [word for word in told if isinstance(word, str) and word] if isinstance(told, list) else []


def read_tags(told: Any, metadata: dict[str, Any], project: str | None) -> dict[str, str]:
    """Tags of an execution: the root's own words, short values of its metadata, the project."""
    tags = {
        name: as_text(value)
        for name, value in metadata.items()
        if name not in _ABOUT_ALL | _READ and _is_short(name, value) and not name.startswith(("ls_", "__"))
    }
    words = [word for word in _words(told) if len(word) <= wire.MAX_NAME and not word.startswith(_HIDDEN_TAGS)]
    tags = dict(sorted(tags.items())[:MAX_TAGS]) | dict.fromkeys(words[:MAX_TAGS], "true")
    return {**tags, "project": project} if project else tags


def _is_short(name: str, value: Any) -> bool:
    is_scalar = isinstance(value, str | int | float) and value != ""
    return is_scalar and 0 < len(name) <= wire.MAX_NAME and len(as_text(value)) <= MAX_TAG_VALUE


def read_attempt(told: Any) -> int | None:
    """Which attempt a run is: LangChain tags those after the first with `retry:attempt:2` and so on."""
    for word in _words(told):
        number = word.removeprefix("retry:attempt:")
        if number != word and number.isascii() and number.isdigit() and 0 < len(number) < 5:
            return max(1, int(number))
    return None


def attributes_of(extra: Extra, tags: Any, *, is_root: bool) -> dict[str, Any]:
    """What is kept of `extra` as attributes: of a child without what it got from the root."""
    kept = {
        name: value
        for name, value in extra.metadata.items()
        if name not in _READ and (is_root or name not in _ABOUT_ALL) and len(name) <= wire.MAX_ID
    }
    for name, value in extra.rest.items():
        kept[f"extra.{name}" if name in kept else name] = value
    if is_root and extra.runtime:
        kept["runtime"] = extra.runtime
    if words := _words(tags):
        kept["tags"] = words
    return kept
