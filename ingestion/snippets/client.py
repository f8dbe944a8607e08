"""What a client's set-up is made of."""

from dataclasses import dataclass, replace

from accounts.phrases import gettext as _
from ingestion.kinds import SourceKind


@dataclass(frozen=True, slots=True)
class Snippet:
    """One text to paste. `where`: a terminal, a file, a field; `language`: sh, python or the file's own."""

    where: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Client:
    """A system that can report. `note`: one sentence on what it tells; `steps`: what to do beside pasting."""

    slug: str
    label: str
    group: str
    kind: SourceKind
    note: str
    snippets: tuple[Snippet, ...]
    steps: tuple[str, ...] = ()

    def spoken(self) -> "Client":
        """The same with its words in the language of who reads; what is to be pasted stays as it is."""
        return replace(
            self,
            label=_(self.label),
            note=_(self.note),
            snippets=tuple(replace(one, where=_(one.where)) for one in self.snippets),
            steps=tuple(_(one) for one in self.steps),
        )
