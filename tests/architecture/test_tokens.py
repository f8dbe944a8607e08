"""Colours of `tokens.css`, computed: texts and signs can be read on every ground that they stand on, in both themes.

Contrast ratio and limits are those of WCAG 2.2, https://www.w3.org/TR/WCAG22/: 1.4.3 (text 4.5) and 1.4.11 (signs 3).
"""

import re
from pathlib import Path

import pytest

CSS = Path(__file__).parents[2] / "static" / "css"
TEXT, SIGN = 4.5, 3.0
GROUNDS = ("bg", "surface", "surface-2")
STATUSES = ("ok", "fail", "warn", "run", "idle")
_TOKEN = re.compile(r"--([\w-]+):\s*light-dark\(\s*(#[0-9a-f]{6})\s*,\s*(#[0-9a-f]{6})\s*\)")
_FOUND = _TOKEN.findall((CSS / "tokens.css").read_text())
TOKENS = {name: {"light": light, "dark": dark} for name, light, dark in _FOUND}

PAIRS = [
    *((one, ground, TEXT) for one in ("text", "text-2", "text-3", "accent") for ground in GROUNDS),
    *((one, "surface-3", TEXT) for one in ("text", "text-2")),
    *((one, ground, TEXT) for one in STATUSES for ground in (*GROUNDS, f"{one}-soft")),
    *(("text", f"{one}-soft", TEXT) for one in (*STATUSES, "accent")),
    ("accent-ink", "accent", TEXT),
    ("accent", "accent-soft", TEXT),
    *((one, "surface", SIGN) for one in ("c1", "c2", "c3", "c4", "c5", "c6", "bar")),
    *(("line-2", ground, SIGN) for ground in GROUNDS),
]


def luminance(colour: str) -> float:
    """The relative luminance of a colour like #0d1014, 0 to 1."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_ratio_is_that_of_the_standard() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("one", "ground", "least"), PAIRS, ids=str)
def test_a_colour_stands_out(one: str, ground: str, least: float, theme: str) -> None:
    assert contrast(TOKENS[one][theme], TOKENS[ground][theme]) >= least


def test_only_tokens_name_a_colour() -> None:
    """Whatever is drawn in another colour was not computed here."""
    literal = re.compile(r":[^;{}]*(#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\()", re.I)
    found = []
    for path in sorted(CSS.glob("*.css")):
        # Print is black on white whatever the theme is.
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S).replace("--bg: #fff", "")
        found += [f"{path.name}: {hit.group(0).strip()}" for hit in literal.finditer(text) if path.name != "tokens.css"]
    assert found == []
