"""The fields with which routes and silences say which incidents they are about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from alerts.analysis.matchers import NAMES
from alerts.reads.matchers import LABELS, Options

# Matchers as a sentence about a refusal names them.
FIELDS = {
    "workflow": gettext_noop("workflow"),
    "environment": gettext_noop("environment"),
    "severity": gettext_noop("severity"),
    "metric": gettext_noop("metric"),
    "rule": gettext_noop("rule"),
    "owner": gettext_noop("owner"),
    "group": gettext_noop("group"),
    "tag": gettext_noop("tag"),
}


@dataclass(frozen=True, slots=True)
class MatcherField:
    """A field of the form: its options (value, label, whether it is chosen)."""

    name: str
    label: str
    options: Sequence[tuple[str, str, bool]]


def fields_of(options: Options, told: Mapping[str, Sequence[str]]) -> list[MatcherField]:
    """The fields; a value that is told and does not exist any more is still there."""
    found = []
    for name in NAMES:
        chosen = list(told.get(name, ()))
        known = dict(options.get(name, ()))
        pairs = [*known.items(), *((value, value) for value in chosen if value not in known)]
        if pairs:
            shown = [(value, label, value in chosen) for value, label in pairs]
            found.append(MatcherField(name, _(LABELS[name]), shown))
    return found


def told_by(post: QueryDict) -> dict[str, list[str]]:
    """The matchers that a form tells."""
    told = {name: [value.replace("\x00", "") for value in post.getlist(name)[:60] if value] for name in NAMES}
    return {name: values for name, values in told.items() if values}
