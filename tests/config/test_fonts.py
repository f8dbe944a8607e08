"""The typeface that every page loads is small and has what English needs; the package's own files have the rest."""

import re
from pathlib import Path

from fontTools.ttLib import TTFont

from config import fonts
from config.staticfiles import FILES, PREFIX

STYLES = Path(__file__).parents[2] / "static" / "css"


def ranges() -> list[tuple[str, set[int]]]:
    """Per rule of tokens.css: the file, and the characters that it is for."""
    rules = re.findall(r"@font-face \{(.*?)\n\}", (STYLES / "tokens.css").read_text(), re.DOTALL)
    found = []
    for rule in rules:
        (file,), (told,) = re.findall(r'url\("(.*?)"', rule), re.findall(r"unicode-range: (.*?);", rule)
        pairs = [part.strip().removeprefix("U+").partition("-") for part in told.split(",")]
        found.append((file, {one for low, _, high in pairs for one in range(int(low, 16), int(high or low, 16) + 1)}))
    return found


def test_the_small_file_has_what_its_rule_says_and_is_small() -> None:
    made = fonts.NODE_MODULES / fonts.TARGET
    assert fonts.TARGET in FILES
    assert made.stat().st_size < 20_000
    font = TTFont(made)
    file, wanted = ranges()[-1]
    assert file == f"../{PREFIX}/{fonts.TARGET}"
    assert set(font.getBestCmap()) == wanted == fonts.CHARACTERS
    (axis,) = font["fvar"].axes
    assert (axis.axisTag, axis.minValue, axis.maxValue) == ("wght", *fonts.WEIGHTS)
    assert {"tnum"} <= {one.FeatureTag for one in font["GSUB"].table.FeatureList.FeatureRecord}


def test_no_other_file_has_a_letter_of_the_small_one() -> None:
    *others, (_file, plain) = ranges()
    assert [file for file, told in others if told & plain] == []


def test_the_style_sheets_ask_for_no_weight_that_it_lacks() -> None:
    told = {int(one) for path in STYLES.glob("*.css") for one in re.findall(r"font-weight: (\d+);", path.read_text())}
    assert told
    assert {one for one in told if not fonts.WEIGHTS[0] <= one <= fonts.WEIGHTS[1]} == set()


def test_other_letters_come_from_the_package() -> None:
    files = [file for file, told in ranges() if ord("\u00e9") in told or ord("\u0142") in told]
    assert len(files) == 2
    assert all(file.removeprefix(f"../{PREFIX}/") in FILES for file in files)
