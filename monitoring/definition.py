"""The form of a definition: what a figure means, in which unit, and by what it is computed."""

from dataclasses import dataclass

# A line of the arithmetic of one view: what, and its value in words.
Line = tuple[str, str]
PAGE = "docs/metrics.md"


@dataclass(frozen=True, slots=True)
class Definition:
    """A figure: its name, unit, a sentence and a formula, and what computes it (`module:name`).

    The words are marked for translation; `monitoring/templatetags/defined.py` shows them in the reader's language.
    """

    key: str
    name: str
    unit: str
    sentence: str
    formula: str
    computed_in: str

    @property
    def anchor(self) -> str:
        """Where it stands in `PAGE`."""
        return self.key.replace("_", "-")

    @property
    def file(self) -> str:
        """The file of the source that computes it."""
        return self.computed_in.partition(":")[0].replace(".", "/") + ".py"
