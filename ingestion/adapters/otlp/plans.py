"""What the names of a span's attributes tell, decided once for all spans with the same names in the same order.

The spans of one instrumentation repeat a few lists of names with other values. For each list a plan says which place
tells which field of ours, which places stay attributes, and what follows from the presence of a name alone; a span is
then a few indexed reads.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final

from ingestion.records import TOKEN_PARTS
from ingestion.semantics.lookup import UNKNOWN, Entry, find, resolve
from ingestion.semantics.words import LLM

TOKEN_FIELDS: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
# Parts of these that few tell, by their names in records.
PART_FIELDS: Final = tuple(f"{name}_tokens" for name in TOKEN_PARTS)
# Sums that agents and chains repeat: they stay attributes of what is no model call.
_USAGE_FIELDS = (*TOKEN_FIELDS, *PART_FIELDS, "token_usage", "cost", "cost_object")
_CALL_TOKENS = ("input_tokens", "output_tokens", "token_usage")
# What a step worked with, in the order in which `Plan.work` gives it.
_WORK = ("provider", "model", "tool", "tool_entity", "peer", "server")
_FACTS = ("session", "user", "tag_list")
# How often a span is reported, the most trusted first.
SAMPLING_FIELDS: Final = ("sampled_one_in", "sampled_share", "sampled_percent")
_CONTENT = frozenset({"input", "output"})
# Senders may make up names without end: what is remembered is bounded, and begun again when it is full.
MAX_PLANS: Final = 2_000
MAX_PLANNED_CHARACTERS: Final = 4_000
_plans: dict[tuple[str, ...], "Plan"] = {}


class Plan:
    """One list of names. `place` has the fields that it tells, each with the place of the name that tells it.

    `is_kept` says for every place whether it stays an attribute, `kept_names` are the names of those that do. `losers`
    tell a field less trusted than the name at the second place: they stay where they say something else. `families`
    are places that together tell one field, or tags, with what follows the start of the name. `json_places` hold JSON
    text, `cut_places` texts of bounded length, `usage` what is counted for model calls only, `parts` those of token
    counts by their names in records. `kind` is what the
    presence of names says a span does, `inner_kind` the same for spans that neither serve nor consume. `sampling` are
    fields that tell how often spans are reported, with their places.

    `work` and `tokens` take several fields out of the values at once; the value after the last one, None, stands for
    what is not told.
    """

    __slots__ = (
        *("names", "place", "is_kept", "kept_names", "losers", "families", "json_places", "cut_places", "unknown"),
        *(
            "usage",
            "kind",
            "inner_kind",
            "has_tokens",
            "parts",
            "has_facts",
            "has_content",
            "has_attempt",
            "work",
            "tokens",
        ),
        "sampling",
    )

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        entries = _first_of_each(names)
        telling: dict[str, list[int]] = {}
        for place, entry in entries.items():
            if entry.field is not None and not entry.rest:
                telling.setdefault(entry.field, []).append(place)
        self.families = [(e.field or "", e.rest, place) for place, e in entries.items() if e.rest]
        self.is_kept = [place in entries and _is_kept(entries[place]) for place in range(len(names))]
        self.kept_names = [name for name, is_kept in zip(names, self.is_kept, strict=True) if is_kept]
        self.unknown = [place for place, entry in entries.items() if entry is UNKNOWN]
        self.place = {field: min(places, key=lambda p: entries[p].rank) for field, places in telling.items()}
        self.losers = [
            (place, self.place[field])
            for field, places in telling.items()
            for place in places
            if place != self.place[field] and not entries[place].is_kept
        ]
        self.json_places = [p for p, e in entries.items() if e.is_json and e.field and e.field not in _CONTENT]
        self.cut_places = [p for p, e in entries.items() if not e.rest and e.field not in _CONTENT]
        self._look_ahead()

    def _look_ahead(self) -> None:
        """What follows from presence alone."""
        fields = self.place.keys()
        self.usage = [self.place[field] for field in _USAGE_FIELDS if field in fields]
        self.has_tokens = any(field in fields for field in (*TOKEN_FIELDS, "token_usage"))
        self.parts = [(name, self.place[f"{name}_tokens"]) for name in TOKEN_PARTS if f"{name}_tokens" in fields]
        self.has_facts = any(field in fields for field in _FACTS) or any(f == "tag" for f, _, _ in self.families)
        self.has_content = bool(_CONTENT & fields or self.families)
        self.sampling = [(field, self.place[field]) for field in SAMPLING_FIELDS if field in fields]
        self.has_attempt = "attempt" in fields or "resend_count" in fields
        self.work, self.tokens = self._picker(_WORK), self._picker(TOKEN_FIELDS)
        self.kind = _kind(self.place)
        self.inner_kind = self.kind or next((one for one in ("http", "rpc") if one in fields), None)

    def _picker(self, fields: tuple[str, ...]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
        return itemgetter(*(self.place.get(field, len(self.names)) for field in fields))


def _first_of_each(names: tuple[str, ...]) -> dict[int, Entry]:
    """What each name tells, by place. Of a name told twice the first counts, as the specification has it."""
    first: dict[str, int] = {}
    for place, name in enumerate(names):
        first.setdefault(name, place)
    return {place: find(name) or resolve(name) for name, place in first.items()}


def _is_kept(entry: Entry) -> bool:
    return not entry.rest and (entry.field is None or entry.is_kept)


def _kind(fields: dict[str, int]) -> str | None:
    if "db" in fields:
        return "database"
    if "messaging" in fields:
        return "messaging"
    return LLM if "model" in fields and any(field in fields for field in _CALL_TOKENS) else None


def plan_of(names: tuple[str, ...]) -> Plan:
    """The plan of a list of names, remembered."""
    found = _plans.get(names)
    if found is None:
        found = Plan(names)
        if sum(map(len, names)) <= MAX_PLANNED_CHARACTERS:
            if len(_plans) >= MAX_PLANS:
                _plans.clear()
            _plans[names] = found
    return found
