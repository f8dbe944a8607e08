"""The page on metrics says what the definitions say, and each definition names the code that computes it."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from monitoring.definition import PAGE, Definition
from monitoring.definitions import DEFINITIONS

ROOT = Path(__file__).parents[2]


def table() -> str:
    """The table of figures, as the page has to have it."""
    rows = ["| figure | is | unit | computed | in |", "|---|---|---|---|---|"]
    for one in DEFINITIONS.values():
        name = f'<a id="{one.anchor}"></a>{one.name}'
        rows.append(f"| {name} | {one.sentence} | {one.unit} | {one.formula} | `{one.file}` |")
    return "\n".join(rows)


def test_the_page_has_every_definition() -> None:
    text = (ROOT / PAGE).read_text().partition("\n## Figures of the pages\n")[2]
    found = re.search(r"^\| figure .*?(?=\n\n)", text, re.DOTALL | re.MULTILINE)
    assert found is not None
    assert found.group() == table()


@pytest.mark.parametrize("one", DEFINITIONS.values(), ids=lambda one: one.key)
def test_a_definition_is_short_and_names_what_computes_it(one: Definition) -> None:
    assert one.sentence.endswith(".")
    assert len(one.sentence) < 130
    module, _, name = one.computed_in.partition(":")
    found = import_module(module)
    for part in name.split("."):
        if part in getattr(found, "__dataclass_fields__", {}):
            break
        found = getattr(found, part)
    assert (ROOT / one.file).is_file()
