"""What one naming convention of attributes says, as data: which name tells which of our fields.

A field lists its names in the order in which they are trusted. `mapped` names are taken out of the attributes, as the
field says the same; `kept` names stay there too, as the field says less (a kind, a status). Names that begin with one
of `understood` are kept as attributes and are not reported as lost. `families` are names with numbers in them, such as
`gen_ai.prompt.0.content`, which together tell one field; what begins with one of `tags` is a tag.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Convention:
    """One convention. `is_json`: every value is JSON text. Token counts of input include the cached ones in all."""

    name: str
    mapped: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    understood: tuple[str, ...] = ()
    families: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    is_json: bool = False
