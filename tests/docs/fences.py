"""The fenced blocks of README.md and of every page in docs/, and what a placeholder in them stands for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^(?P<mark>`{3,})(?P<language>[^\s`]*)\n(?P<text>.*?)^(?P=mark)$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Fence:
    """A block: the page and line where it stands, its language and its text."""

    page: str
    line: int
    language: str
    text: str

    @property
    def key(self) -> tuple[str, str]:
        """What names it in a table: its page and its first line."""
        return self.page, self.text.partition("\n")[0]

    def __str__(self) -> str:
        return f"{self.page}:{self.line} ({self.language})"

    def filled(self, told: Mapping[str, str]) -> str:
        """The text with what its examples stand for: addresses and keys."""
        text = self.text
        for written, meant in told.items():
            text = text.replace(written, meant)
        return text


def _fences(path: Path) -> list[Fence]:
    page, text = str(path.relative_to(ROOT)), path.read_text()
    return [
        Fence(page, text.count("\n", 0, found.start()) + 1, found["language"], found["text"])
        for found in _FENCE.finditer(text)
    ]


PATHS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCES = [fence for path in PATHS for fence in _fences(path)]
