"""Makes the typeface that every page loads from the package that has it: `python -m config.fonts`, run by make.

The package's file has 518 glyphs in weights from 100 to 900, 48 kB. Nearly all pages show only what English and
figures need, in the weights that the style sheets use: 16 kB. Other letters come from the package's own files, by the
`unicode-range` of `static/css/tokens.css`, once a page shows one. Inter is under the SIL Open Font License 1.1, which
allows this.
"""

import io
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

NODE_MODULES = Path(__file__).parents[1] / "node_modules"
SOURCE = "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"
TARGET = "steadyrun-fonts/inter-plain.woff2"
WEIGHTS = (400, 700)
# As in the `unicode-range` of tokens.css.
CHARACTERS = frozenset(range(0x20, 0x7F)) | {
    *(0xA0, 0xA7, 0xAB, 0xB0, 0xB1, 0xB5, 0xB7, 0xBB, 0xD7, 0xF7, 0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D),
    *(0x2022, 0x2026, 0x2039, 0x203A, 0x20AC, 0x2191, 0x2193, 0x2212),
}


def made(source: bytes) -> bytes:
    """The part of a variable typeface (WOFF2) that pages need, as WOFF2."""
    # Through bytes: glyphs that do not vary have no entry in the narrowed font's tables until it is read again.
    font = _read(_written(instantiateVariableFont(_read(source), {"wght": WEIGHTS})))
    options = Options()
    options.flavor, options.layout_features = "woff2", ["kern", "tnum"]
    part = Subsetter(options)
    part.populate(unicodes=CHARACTERS)
    part.subset(font)
    font.flavor = "woff2"
    return _written(font)


def _read(data: bytes) -> TTFont:
    return TTFont(io.BytesIO(data))


def _written(font: TTFont) -> bytes:
    target = io.BytesIO()
    font.save(target)
    return target.getvalue()


def main(root: Path = NODE_MODULES) -> None:
    """Writes the file beside the packages."""
    target = root / TARGET
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(made((root / SOURCE).read_bytes()))


if __name__ == "__main__":
    main()
