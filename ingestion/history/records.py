"""Execution records, one JSON a line: the neutral form in which Steadyrun's own samples are kept."""

import re
from typing import Any

_ATTEMPT_AT_END = re.compile(r"^(?P<origin>.+)-(?P<attempt>\d+)$")
# Where such files keep what a step said.
_SPOKEN = ("text", "content")
_SPEAKING = frozenset({"llm", "tool", "agent", "input"})


def attempt_fields(item_id: Any, attempt: Any) -> dict[str, Any]:
    """`attempt` and `retry_of` of an id that ends in `-<attempt>`; nothing when the two do not agree."""
    if isinstance(attempt, bool) or not isinstance(attempt, int) or attempt < 1:
        return {}
    match = _ATTEMPT_AT_END.match(item_id) if isinstance(item_id, str) else None
    if match is None or int(match["attempt"]) != attempt:
        return {}
    told: dict[str, Any] = {"attempt": attempt}
    if attempt > 1:
        told["retry_of"] = f"{match['origin']}-1"
    return told


def _output_of(step: dict[str, Any]) -> dict[str, Any]:
    """A step whose words are told among its attributes has them as its output."""
    attributes = step.get("attributes")
    if step.get("kind") not in _SPEAKING or not isinstance(attributes, dict) or step.get("output") is not None:
        return step
    name = next((name for name in _SPOKEN if isinstance(attributes.get(name), str)), None)
    if name is None:
        return step
    rest = {key: value for key, value in attributes.items() if key != name}
    return {**step, "output": attributes[name], "attributes": rest}


def _translate_step(step: Any, position: int) -> Any:
    """A step, with its place in the list as its position: these files tell steps in their order."""
    if not isinstance(step, dict):
        return step
    step = _output_of(step)
    return {**step, "position": position} if step.get("position") is None else step


def translate(item: dict[str, Any]) -> dict[str, Any]:
    """A record in the words of the REST way in. What is not told (null) is left out; unknown fields stay."""
    told = {name: value for name, value in item.items() if value is not None}
    attributes = told.get("attributes")
    if isinstance(attributes, dict):
        told = {**attempt_fields(told.get("id"), attributes.get("attempt")), **told}
    if "source" in told:
        told.setdefault("workflow_type", told["source"])
    if isinstance(told.get("steps"), list):
        told["steps"] = [_translate_step(step, position) for position, step in enumerate(told["steps"])]
    return told
