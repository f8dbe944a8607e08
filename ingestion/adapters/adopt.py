"""The patient reading of an item: other names for known fields, times in other forms, unknown fields.

Runs only for items that the strict shape does not take as they are. Data first: which other names are understood.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ingestion.adapters import wire
from ingestion.adapters.refusals import Refused, type_word
from ingestion.records import Tokens

TEXT, NUMBER, CONTAINER, ANY = (str,), (int, float), (dict, list), (object,)
MOMENT = (str, int, float)
Aliases = Mapping[str, tuple[str, tuple[type, ...]]]


def _aliases(*groups: tuple[str, tuple[type, ...], str]) -> dict[str, tuple[str, tuple[type, ...]]]:
    return {other: (field, types) for field, types, others in groups for other in others.split()}


_TOKEN_ALIASES = _aliases(
    ("input_tokens", NUMBER, "prompt_tokens tokens_in"),
    ("output_tokens", NUMBER, "completion_tokens tokens_out"),
    ("cache_read_tokens", NUMBER, "cache_read_input_tokens cached_tokens"),
    ("cache_write_tokens", NUMBER, "cache_creation_input_tokens cache_creation_tokens"),
)
_SHARED = {
    **_aliases(
        ("status", TEXT, "state outcome"),
        ("started_at", MOMENT, "start_time started start startedAt startTime start_at begin_time"),
        ("finished_at", MOMENT, "ended_at end_time ended end finished stopped_at finishedAt endTime endedAt"),
        ("attempt", (int,), "attempt_number run_attempt try_number"),
        ("input", ANY, "inputs"),
        ("output", ANY, "outputs result"),
        ("attributes", (dict,), "metadata"),
        ("cost_usd", (int, float, str), "cost total_cost total_cost_usd"),
    ),
    **_TOKEN_ALIASES,
}
EXECUTION_ALIASES: Aliases = {
    **_SHARED,
    **_aliases(("tokens", (dict,), "usage usage_metadata token_usage")),
    **_aliases(
        ("id", TEXT, "run_id execution_id external_id trace_id"),
        ("workflow", TEXT, "name workflow_name"),
        ("release", TEXT, "version workflow_version"),
        ("environment", TEXT, "env"),
        ("workflow_type", TEXT, "type"),
        ("parent_execution", TEXT, "parent parent_id parent_run_id parent_execution_id"),
        ("session", TEXT, "session_id conversation_id thread_id"),
        ("user", TEXT, "user_id"),
        ("url", TEXT, "link html_url"),
        ("tags", CONTAINER, "labels"),
        ("steps", (list,), "spans"),
        ("memory_bytes", NUMBER, "peak_memory_bytes"),
        ("api_call_count", NUMBER, "api_calls"),
    ),
}
STEP_ALIASES: Aliases = {
    **_SHARED,
    **_aliases(
        ("id", TEXT, "step_id span_id"),
        ("node", TEXT, "name node_name"),
        ("kind", TEXT, "type step_type run_type"),
        ("parent_id", TEXT, "parent parent_step_id parent_span_id"),
        ("model", TEXT, "model_name"),
        ("usage", (dict,), "usage_metadata token_usage"),
        ("tier", TEXT, "service_tier"),
        ("calls", (int,), "call_count"),
        ("tool", TEXT, "tool_name"),
        ("external_system", TEXT, "system server_address peer_service"),
        ("position", (int,), "index order sequence"),
    ),
}
LOG_ALIASES: Aliases = _aliases(
    ("message", TEXT, "msg text line"),
    ("at", MOMENT, "time timestamp ts logged_at"),
    ("level", TEXT, "severity"),
    ("step_id", TEXT, "step"),
)
_SECONDS = ("duration_seconds", "duration_s", "elapsed_seconds")
_MOMENTS = ("started_at", "finished_at", "at")
_NAMES = [
    "workflow",
    "release",
    "commit",
    "schedule",
    "schedule_zone",
    "environment",
    "trigger",
    "input_type",
    "parent_execution",
    "parent_id",
    "retry_of",
    "session",
    "user",
    "url",
]
_NAMES += [
    "workflow_type",
    "node",
    "kind",
    "provider",
    "model",
    "tool",
    "external_system",
    "level",
    "step_id",
    "status",
]
# Numbers above these are milliseconds or nanoseconds; the year 2100 is 4.1e9 seconds.
_MILLISECONDS, _NANOSECONDS = 1e11, 1e17


def _moment(value: Any) -> Any:
    """A time in a form that RFC 3339 does not have: ISO 8601, seconds or milliseconds since 1970. Else the value."""
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value.strip())
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        scale = 1e9 if abs(value) >= _NANOSECONDS else 1e3 if abs(value) >= _MILLISECONDS else 1
        return datetime.fromtimestamp(value / scale, UTC)
    except (ValueError, OverflowError, OSError):
        return value


def _rename(told: dict[str, Any], known: frozenset[str], aliases: Aliases) -> tuple[dict[str, Any], dict[str, Any]]:
    """Splits an object into known fields (under their own names) and the rest."""
    taken = {key: value for key, value in told.items() if key in known}
    rest: dict[str, Any] = {}
    for key, value in told.items():
        if key in known:
            continue
        field, types = aliases.get(key, ("", ()))
        if field and field not in taken and isinstance(value, types) and not isinstance(value, bool):
            taken[field] = value
        elif key in _SECONDS and "duration_ms" not in taken and isinstance(value, int | float):
            taken["duration_ms"] = value * 1000
        else:
            rest[key] = value
    return taken, rest


def _settle_forms(taken: dict[str, Any]) -> None:
    """Reads times in other forms and drops empty names."""
    for field in _MOMENTS:
        if field in taken:
            taken[field] = _moment(taken[field])
    for field in _NAMES:
        if taken.get(field) == "":
            del taken[field]


def _usage(tokens: Any) -> tuple[Any, dict[str, Any]]:
    """Token counts under other names, and what else the object tells.

    OpenAI counts cached tokens inside `prompt_tokens`; our buckets are disjoint, so they are taken out.
    """
    if not isinstance(tokens, dict):
        return tokens, {}
    known = {field: f"{field}_tokens" for field in Tokens.__struct_fields__}
    flat = {str(known.get(key, key)): value for key, value in tokens.items()}
    taken, rest = _rename(flat, frozenset(known.values()), _TOKEN_ALIASES)
    for detail, name, field in (
        ("prompt_tokens_details", "cached_tokens", "cache_read_tokens"),
        ("completion_tokens_details", "reasoning_tokens", "reasoning_tokens"),
        ("prompt_tokens_details", "audio_tokens", "input_audio_tokens"),
        ("completion_tokens_details", "audio_tokens", "output_audio_tokens"),
    ):
        if isinstance(rest.get(detail), dict) and isinstance(rest[detail].get(name), int):
            taken.setdefault(field, rest[detail][name])
    cached, whole = taken.get("cache_read_tokens"), taken.get("input_tokens")
    if "prompt_tokens" in tokens and isinstance(cached, int) and isinstance(whole, int) and cached <= whole:
        taken["input_tokens"] = whole - cached
    return {field: taken[flat_name] for field, flat_name in known.items() if flat_name in taken}, rest


def _keep(taken: dict[str, Any], rest: dict[str, Any], place: str) -> None:
    """Keeps unknown fields as attributes; an attribute of the same name wins over the field's."""
    if not rest:
        return
    told = taken.get("attributes")
    if told is None:
        told = {}
    elif not isinstance(told, dict):
        raise Refused(f"{place}attributes", f"must be an object, not {type_word(told)}")
    merged = {**told, **{f"{key}_" if key in told else key: value for key, value in rest.items()}}
    if len(merged) > wire.MAX_ATTRIBUTES:
        raise Refused(
            f"{place}attributes",
            f"must have at most {wire.MAX_ATTRIBUTES:,} entries; unknown fields count as attributes",
        )
    taken["attributes"] = merged


def _adopt(told: dict[str, Any], known: frozenset[str], aliases: Aliases, place: str) -> dict[str, Any]:
    taken, rest = _rename(told, known, aliases)
    _settle_forms(taken)
    if "tokens" in taken:
        taken["tokens"], left = _usage(taken["tokens"])
        rest.update({f"tokens.{key}": value for key, value in left.items()})
    _keep(taken, rest, place)
    return taken


def adopt_step(told: Any, index: int) -> Any:
    """A step in the strict shape, as far as it can be understood."""
    if not isinstance(told, dict):
        return told
    if not isinstance(told.get("usage", {}), dict):
        # Not a provider's object: kept as what it is.
        told = {**{key: value for key, value in told.items() if key != "usage"}, "usage_": told["usage"]}
    return _adopt(told, wire.STEP_FIELDS, STEP_ALIASES, f"steps[{index}].")


def adopt_log(told: Any) -> Any:
    """A log line in the strict shape. A bare text is a message; unknown fields are kept behind the message."""
    if isinstance(told, str):
        return {"message": told}
    if not isinstance(told, dict):
        return told
    taken, rest = _rename(told, wire.LOG_FIELDS, LOG_ALIASES)
    _settle_forms(taken)
    if rest and isinstance(taken.get("message"), str):
        taken["message"] += " " + " ".join(f"{key}={value}" for key, value in rest.items())
    return taken


def adopt_execution(told: dict[str, Any]) -> dict[str, Any]:
    """An execution in the strict shape, as far as it can be understood; the told object stays as it is."""
    taken = _adopt(told, wire.EXECUTION_FIELDS, EXECUTION_ALIASES, "")
    if isinstance(taken.get("steps"), list):
        taken["steps"] = [adopt_step(step, index) for index, step in enumerate(taken["steps"])]
    if isinstance(taken.get("logs"), list):
        taken["logs"] = [adopt_log(line) for line in taken["logs"]]
    if isinstance(taken.get("feedback"), dict):
        taken["feedback"] = [taken["feedback"]]
    return taken
