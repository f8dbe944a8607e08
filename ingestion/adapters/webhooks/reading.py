"""From an opened delivery to neutral records: the preset of the source's kind, or the mapping that a team wrote."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from ingestion.adapters.forgive import forgive
from ingestion.adapters.refusals import ITEM, Refused, TooLarge
from ingestion.adapters.rest import read_item
from ingestion.adapters.webhooks import airflow, alertmanager, dify, github, gitlab, grafana, n8n, standard
from ingestion.adapters.webhooks.mapping import Mapping
from ingestion.adapters.webhooks.told import About, Item
from ingestion.kinds import SourceKind
from ingestion.records import Decoded, LooseLine, Rejection

MAX_EVENTS = 1_000
MAX_SAMPLE = 500
PRESETS: dict[SourceKind, Callable[[Any, About], list[Item]]] = {
    SourceKind.STANDARD_WEBHOOKS: standard.read,
    SourceKind.GITHUB: github.read,
    SourceKind.GITLAB: gitlab.read,
    SourceKind.N8N: n8n.read,
    SourceKind.DIFY: dify.read,
    SourceKind.AIRFLOW: airflow.read,
    SourceKind.ALERTMANAGER: alertmanager.read,
    SourceKind.GRAFANA: grafana.read,
}
# None: an event that says nothing.
Made = Item | None


def _events(kind: SourceKind, body: Any, about: About) -> Iterator[Made]:
    """What a preset makes of the events of a body, which is one or a list of them."""
    read_event = PRESETS[kind]
    for event in body if isinstance(body, list) else [body]:
        try:
            items = read_event(event, about)
        except Refused as refused:
            yield refused
        else:
            yield from items or (None,)


def _forgiven(told: dict[str, Any]) -> dict[str, Any]:
    """Events cannot be corrected by who gets them: clocks that ran backwards are put among the attributes."""
    steps = told.get("steps")
    if isinstance(steps, list):
        told = {**told, "steps": [forgive(step) if isinstance(step, dict) else step for step in steps]}
    return forgive(told)


def _sample(made: Any) -> str | None:
    if not isinstance(made, dict):
        return None
    text = msgspec.json.encode(made, enc_hook=str).decode()
    return text[:MAX_SAMPLE]


def _take(decoded: Decoded, index: int, made: Made, about: About) -> None:
    if made is None:
        decoded.ignored += 1
    elif isinstance(made, Refused):
        decoded.rejected.append(Rejection(index=index, field=made.field, reason=made.reason))
    elif isinstance(made, LooseLine):
        decoded.lines.append((index, made))
    else:
        try:
            decoded.reports.append((index, read_item(_forgiven(made), about.received_at)))
        except Refused as refused:
            one = Rejection(index=index, field=refused.field, reason=refused.reason, sample=_sample(made))
            decoded.rejected.append(one)


def read_delivery(kind: SourceKind, body: Any, about: About, mapping: Mapping | None = None) -> Decoded:
    """The records of an opened and redacted body. A mapping, where there is one, is used instead of the preset.

    The same body, headers and time of receipt give the same records, so a delivery can be processed again. Raises
    `TooLarge`.
    """
    if isinstance(body, list) and len(body) > MAX_EVENTS:
        raise TooLarge(f"A delivery may hold at most {MAX_EVENTS:,} events; this one has {len(body):,}.")
    decoded = Decoded(reports=[], lines=[], metrics=[], rejected=[], unknown={})
    if mapping is None and kind not in PRESETS:
        refused = Rejection(index=0, field=ITEM, reason="is not understood yet: this source has no mapping")
        decoded.rejected.append(refused)
        return decoded
    made = mapping.apply(body, about) if mapping else _events(kind, body, about)
    for index, one in enumerate(made):
        _take(decoded, index, one, about)
    return decoded
