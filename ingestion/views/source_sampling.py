"""What a source's page says about sampling: what was detected, on what evidence, and whether it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import Team
from ingestion.kinds import Completeness
from ingestion.reads.sampling import MAX_SHOWN, Detected, detected
from ingestion.reads.sources import SourceFacts
from ingestion.records import SamplingOrigin
from monitoring import wording

ORIGINS = {
    SamplingOrigin.TRACE_STATE: gettext_noop("OpenTelemetry's trace state"),
    SamplingOrigin.ATTRIBUTE: gettext_noop("an attribute of the spans"),
    SamplingOrigin.LANGSMITH: gettext_noop("the LangSmith SDK"),
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
    rows = [_row(team, one) for one in found[:MAX_SHOWN]]
    return Card(_summary(facts, found), _counts(facts), rows, len(found) > MAX_SHOWN)


def _summary(facts: SourceFacts, found: Sequence[Detected]) -> str:
    """What was detected, and from what: there are three origins."""
    rate = _as_sentence(wording.sampling_rate(facts.detected_lowest, facts.detected_highest))
    origins = [_(ORIGINS[one]) for one in SamplingOrigin if any(row.origin == one for row in found)]
    told = dict(zip(("origin", "other", "third"), origins, strict=False))
    if not origins:
        return _("Detected: {rate}.").format(rate=rate)
    if len(origins) == 1:
        return _("Detected: {rate}, from {origin}.").format(rate=rate, **told)
    if len(origins) == 2:
        return _("Detected: {rate}, from {origin} and {other}.").format(rate=rate, **told)
    return _("Detected: {rate}, from {origin} and {other} and {third}.").format(rate=rate, **told)


def _as_sentence(rate: str) -> str:
    return rate.replace("1 in ", "one in ")


def _counts(facts: SourceFacts) -> str:
    """What goes before what: somebody's word, the kind of the source, the reports' own word."""
    words = wording.completeness(facts.completeness, facts.sample_rate) or _("complete")
    if facts.is_declared:
        return _("It does not count: somebody declared this source {words}.").format(words=words)
    if facts.completeness != Completeness.COMPLETE:
        return _("It does not count: sources of this kind tell {words}.").format(words=words)
    if not facts.is_detected:
        return _("So nothing is left out.")
    return _("Figures of these workflows say so. Whoever knows better can declare it in the settings.")


def _row(team: Team, one: Detected) -> Row:
    href = reverse("trends", args=[team.slug, one.slug])
    rate = wording.sampling_rate(one.lowest, one.highest)
    return Row(one.workflow, href, rate, _(ORIGINS[one.origin]), one.told, one.last_at)
