"""Which incidents a route or a silence is about: lists of values by name. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from accounts.phrases import gettext as _

# `owner` and `group` are ids of a user and of a group, `workflow` is a slug, `rule` an id; the rest are words.
NAMES = ("workflow", "environment", "severity", "metric", "rule", "owner", "group", "tag")
MAX_VALUES = 50
MAX_LENGTH = 300

Matchers = Mapping[str, Sequence[str]]
Facts = Mapping[str, frozenset[str]]
"""What is known of an incident: its values by name, and `sample` beside those that may be matched. One that other
incidents count to has the facts of each of them."""


def is_match(matchers: Matchers, facts: Facts) -> bool:
    """Whether of each name that is there one value fits; without a name everything fits."""
    return all(not values or facts.get(name, frozenset()) & set(values) for name, values in matchers.items())


def is_any_match(matchers: Matchers, parts: Iterable[Facts]) -> bool:
    """Whether one part of an incident fits: so that each owner of a part is told."""
    return any(is_match(matchers, one) for one in parts)


def is_whole_match(matchers: Matchers, parts: Sequence[Facts]) -> bool:
    """Whether all parts of an incident fit: a silence of one workflow does not hide another one."""
    return bool(parts) and all(is_match(matchers, one) for one in parts)


def faults(matchers: Mapping[str, object]) -> dict[str, str]:
    """What is wrong with these matchers, by name; empty when nothing is."""
    found = {}
    for name, values in matchers.items():
        if name not in NAMES:
            found[name] = _("is not one of: {names}").format(names=", ".join(NAMES))
        elif not isinstance(values, (list, tuple)) or not all(_is_text(one) for one in values):
            found[name] = _("must be a list of texts")
        elif len(values) > MAX_VALUES or any(len(one) > MAX_LENGTH for one in values):
            found[name] = _("must be at most {most} values of at most {length} characters").format(
                most=MAX_VALUES, length=MAX_LENGTH
            )
    return found


def _is_text(value: object) -> bool:
    # JSON in PostgreSQL takes no NUL.
    return isinstance(value, str) and bool(value) and "\x00" not in value
