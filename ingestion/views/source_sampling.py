"""What a source's page says about sampling: what was detected, on what evidence, and whether it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from accounts.models import Team
from ingestion.kinds import Completeness
from ingestion.reads.sampling import MAX_SHOWN, Detected, detected
from ingestion.reads.sources import SourceFacts
from ingestion.records import SamplingOrigin
from monitoring import wording

ORIGINS = {
    SamplingOrigin.TRACE_STATE: "OpenTelemetry's trace state",
    SamplingOrigin.ATTRIBUTE: "an attribute of the spans",
    SamplingOrigin.LANGSMITH: "the LangSmith SDK",
}


@dataclass(frozen=True, slots=True)
class Row:
    """The evidence of one workflow."""

    workflow: str
    href: str
    rate: str
    origin: str
    told: str
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Card:
    """`summary` says what was detected, `counts` whether figures go by it."""

    summary: str
    counts: str
    rows: Sequence[Row]
    is_cut: bool


SAMPLING_HEAD = ("workflow", "reported", "told_by", "said_last", "last_seen_at")


def cells(row: Row) -> tuple[str, ...]:
    """A row as the CSV has it."""
    return row.workflow, row.rate, row.origin, row.told, row.last_at.isoformat()


def sampling_card(team: Team, facts: SourceFacts) -> Card | None:
    """The card; None where no report said anything."""
    if facts.detected_lowest is None:
        return None
    found = detected(team.id, facts.id)
    origins = " and ".join(ORIGINS[one] for one in SamplingOrigin if any(row.origin == one for row in found))
    rate = wording.sampling_rate(facts.detected_lowest, facts.detected_highest)
    summary = f"Detected: {_as_sentence(rate)}, from {origins}." if found else f"Detected: {_as_sentence(rate)}."
    return Card(summary, _counts(facts), [_row(team, one) for one in found[:MAX_SHOWN]], len(found) > MAX_SHOWN)


def _as_sentence(rate: str) -> str:
    return rate.replace("1 in ", "one in ")


def _counts(facts: SourceFacts) -> str:
    """What goes before what: somebody's word, the kind of the source, the reports' own word."""
    words = wording.completeness(facts.completeness, facts.sample_rate) or Completeness.COMPLETE.value
    if facts.is_declared:
        return f"It does not count: somebody declared this source {words}."
    if facts.completeness != Completeness.COMPLETE:
        return f"It does not count: sources of this kind tell {words}."
    if not facts.is_detected:
        return "So nothing is left out."
    return "Figures of these workflows say so. Whoever knows better can declare it in the settings."


def _row(team: Team, one: Detected) -> Row:
    href = reverse("trends", args=[team.slug, one.slug])
    rate = wording.sampling_rate(one.lowest, one.highest)
    return Row(one.workflow, href, rate, ORIGINS[one.origin], one.told, one.last_at)
