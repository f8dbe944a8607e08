"""What a client's set-up is made of."""

from dataclasses import dataclass

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
