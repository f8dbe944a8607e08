"""The list of ASVS requirements names files that exist, is whole, and counts right."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/security/asvs.md").read_text()
ROWS = re.findall(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| (met|n/a|open) \| (.+) \|$", TEXT, re.MULTILINE)
# How many requirements of levels 1 and 2 each chapter of ASVS 5.0.0 has.
CHAPTERS = {1: 27, 2: 11, 3: 19, 4: 10, 5: 9, 6: 35, 7: 18, 8: 7, 9: 7, 10: 29, 11: 14, 12: 9, 13: 13, 14: 9, 15: 13}
CHAPTERS |= {16: 16, 17: 7}


def test_each_requirement_stands_there_once() -> None:
    numbers = [number for number, *_ in ROWS]
    assert len(numbers) == len(set(numbers)) == len(re.findall(r"^\| \d", TEXT, re.MULTILINE))
    assert Counter(int(number.partition(".")[0]) for number in numbers) == CHAPTERS
    assert Counter(level for _, level, *_ in ROWS) == {"1": 70, "2": 183}


def test_the_counts_at_the_head_are_those_of_the_table() -> None:
    found = Counter(state for _, _, state, _ in ROWS)
    said = re.search(r"Of (\d+) requirements (\d+) are met, (\d+) are not applicable, (\d+) are open\.", TEXT)
    assert said is not None
    assert [int(one) for one in said.groups()] == [len(ROWS), found["met"], found["n/a"], found["open"]]


def test_every_file_that_is_named_exists() -> None:
    named = {name for *_, text in ROWS for name in re.findall(r"`([^`]+)`", text)}
    files = {name for name in named if "/" in name or name.endswith((".md", ".toml")) or name == "Makefile"}
    assert len(files) > 60
    assert sorted(name for name in files if not (ROOT / name).is_file()) == []


def test_what_is_met_says_by_what_and_the_rest_says_why() -> None:
    assert [number for number, _, _, text in ROWS if len(text) < 4 or len(text) > 260] == []
