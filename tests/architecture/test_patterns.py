"""No regular expression of ours takes long on a text that was made for it (ReDoS)."""

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitoring.analysis.expressions import MAX_EXPRESSION

APPS = ("accounts", "monitoring", "billing", "ingestion", "alerts", "config")
LENGTH = 8_000
# Seconds of CPU. What is quadratic takes ten times as long.
LIMIT = 0.35
PARTS = (
    *(
        "a",
        "A",
        "0",
        " ",
        "\n",
        '"',
        "\\",
        "=",
        ",",
        ".",
        ":",
        "-",
        "_",
        "a1",
        " \n",
        "a.",
        '\\"',
        "a=b ",
        'a="',
        "(->",
    ),
    *("```", "://a:", "bearer ", "exit code:", "&quot;", "eyJ", "sk-", "at "),
)
# Their texts are cut before: the longest that each sees (letters).
BOUNDED = {
    "monitoring.analysis.expressions._LITERALS": MAX_EXPRESSION,
    # What stands before the place that it looks for is valid JSON, in which each text ends.
    "ingestion.adapters.careful._TOKENS": 1_000,
}


@dataclass(frozen=True, slots=True)
class Found:
    """A pattern, and the ways in which its module uses it (`match`, `search`, ...)."""

    pattern: re.Pattern[str]
    uses: frozenset[str]


def patterns() -> Iterator[tuple[str, Found]]:
    """Every pattern that a module of ours keeps, with its name."""
    for app in APPS:
        for found in pkgutil.walk_packages(importlib.import_module(app).__path__, f"{app}."):
            if any(part in found.name for part in (".migrations", ".management", "config.wsgi", "config.gunicorn")):
                continue
            module = importlib.import_module(found.name)
            text = Path(str(module.__file__)).read_text()
            for name, value in vars(module).items():
                if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                    uses = frozenset(
                        re.findall(rf"\b{name}\.(match|fullmatch|search|sub|findall|finditer|split)\(", text)
                    )
                    yield f"{found.name}.{name}", Found(value, uses or frozenset({"search"}))
                elif isinstance(value, tuple | list):
                    # Patterns in tables are looked for.
                    for number, one in enumerate(value):
                        for part in one if isinstance(one, tuple) else (one,):
                            if isinstance(part, re.Pattern) and isinstance(part.pattern, str):
                                yield f"{found.name}.{name}.{number}", Found(part, frozenset({"search"}))


def seconds(found: Found, text: str) -> float:
    """CPU time of the pattern on a text, as it is used."""
    began = time.process_time()
    if "match" in found.uses:
        found.pattern.match(text)
    if "fullmatch" in found.uses:
        found.pattern.fullmatch(text)
    if found.uses - {"match", "fullmatch"}:
        found.pattern.sub("", text)
    return time.process_time() - began


def test_no_pattern_is_slow_on_any_text() -> None:
    found = dict(patterns())
    assert len(found) > 60
    slow: dict[str, tuple[str, float]] = {}
    for name, pattern in found.items():
        for part in PARTS:
            took = seconds(pattern, (part * LENGTH)[: BOUNDED.get(name, LENGTH)] + "\x00")
            if took > LIMIT:
                slow[name] = (part, round(took, 2))
                break
    assert not slow


def test_the_test_finds_one_that_is_slow() -> None:
    slow = Found(re.compile(r"\s*\s*a"), frozenset({"search"}))
    assert seconds(slow, " " * 1_200) > LIMIT


@pytest.mark.parametrize("name", sorted(BOUNDED))
def test_what_is_bounded_exists(name: str) -> None:
    assert name in dict(patterns())
