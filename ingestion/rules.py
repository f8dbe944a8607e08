"""The words of masking rules, as the database keeps them. Apart from `redaction`, so that a process without any rule
loads no matcher of patterns."""

from enum import StrEnum


class RuleKind(StrEnum):
    """How a rule finds values."""

    DETECTOR = "detector"
    FIELD = "field"
    PATTERN = "pattern"


class Becomes(StrEnum):
    """What a value that was found becomes."""

    LABEL = "label"
    HASH = "hash"
    REMOVED = "removed"
