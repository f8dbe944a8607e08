"""The words of masking rules, as the database keeps them. Apart from `redaction`, so that a process without any rule
loads no matcher of patterns."""

from enum import StrEnum

from accounts.phrases import gettext_noop


class RuleKind(StrEnum):
    """How a rule finds values."""

    DETECTOR = gettext_noop("detector")
    FIELD = gettext_noop("field")
    PATTERN = gettext_noop("pattern")


class Becomes(StrEnum):
    """What a value that was found becomes."""

    LABEL = "label"
    HASH = "hash"
    REMOVED = "removed"
