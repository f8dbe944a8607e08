"""The kinds of values that executions may share, and what each is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass

RUNS, STEP_RUNS, FAILURES_BEFORE = "all runs", "all step runs", "the failures of the period before"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value. `param` is the query parameter that filters by it ("" when there is none), `base` what its usual
    share is of.
    """

    name: str
    title: str
    base: str
    param: str = ""


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("step", "Step", STEP_RUNS, "step"),
        Kind("input", "Input type", RUNS, "input"),
        Kind("system", "External system", STEP_RUNS, "system"),
        Kind("model", "Model", STEP_RUNS, "model"),
        Kind("provider", "Provider", STEP_RUNS, "provider"),
        Kind("tool", "Tool", STEP_RUNS, "tool"),
        Kind("release", "Release", RUNS, "release"),
        Kind("trigger", "Trigger", RUNS, "trigger"),
        Kind("environment", "Environment", RUNS, "env"),
        Kind("error", "Error", FAILURES_BEFORE, "error"),
        Kind("hour", "Hour", RUNS),
        Kind("field", "Input field or tag", RUNS),
    )
}
STEP_KINDS = tuple(name for name, kind in KINDS.items() if kind.base == STEP_RUNS)
# A value of one of these says where failures come from; the others say when, or name the failure itself.
LOCAL_KINDS = frozenset({"step", "input", "system", "model", "provider", "tool"})


def kind_named(attribute: str) -> Kind:
    """The kind of an attribute; facets (`input.country`, `tag.channel`) share one."""
    return KINDS.get(attribute) or KINDS["field"]


def title_of(attribute: str) -> str:
    """An attribute in words; of a facet its own name: `Input field country`, `Tag channel`."""
    start, _, name = attribute.partition(".")
    if not name:
        return KINDS[attribute].title
    return f"{'Input field' if start == 'input' else 'Tag'} {name}"
