"""The kinds of values that executions may share, and what each is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

RUNS, STEP_RUNS = gettext_noop("all runs"), gettext_noop("all step runs")
FAILURES_BEFORE = gettext_noop("the failures of the period before")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value. `param` is the query parameter that filters by it ("" when there is none), `base` what its usual
    share is of. `title` and `base` are marked for translation; who shows them translates them.
    """

    name: str
    title: str
    base: str
    param: str = ""


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("step", gettext_noop("Step"), STEP_RUNS, "step"),
        Kind("input", gettext_noop("Input type"), RUNS, "input"),
        Kind("system", gettext_noop("External system"), STEP_RUNS, "system"),
        Kind("model", gettext_noop("Model"), STEP_RUNS, "model"),
        Kind("provider", gettext_noop("Provider"), STEP_RUNS, "provider"),
        Kind("tool", gettext_noop("Tool"), STEP_RUNS, "tool"),
        Kind("release", gettext_noop("Release"), RUNS, "release"),
        Kind("trigger", gettext_noop("Trigger"), RUNS, "trigger"),
        Kind("environment", gettext_noop("Environment"), RUNS, "env"),
        Kind("error", gettext_noop("Error"), FAILURES_BEFORE, "error"),
        Kind("hour", gettext_noop("Hour"), RUNS),
        Kind("field", gettext_noop("Input field or tag"), RUNS),
    )
}
STEP_KINDS = tuple(name for name, kind in KINDS.items() if kind.base == STEP_RUNS)
# A value of one of these says where failures come from; the others say when, or name the failure itself.
LOCAL_KINDS = frozenset({"step", "input", "system", "model", "provider", "tool"})


def kind_named(attribute: str) -> Kind:
    """The kind of an attribute; facets (`input.country`, `tag.channel`) share one."""
    return KINDS.get(attribute) or KINDS["field"]


def title_of(attribute: str) -> str:
    """An attribute in the reader's words; of a facet its own name: `Input field country`, `Tag channel`."""
    start, _dot, name = attribute.partition(".")
    if not name:
        return _(KINDS[attribute].title)
    return (_("Input field {name}") if start == "input" else _("Tag {name}")).format(name=name)
