"""Which incidents send no notice although a rule opened them: silences, ignored failure groups, sample data."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from alerts.analysis.matchers import Facts, is_whole_match
from alerts.models import Incident, IncidentEvent, IncidentEventKind, SilenceKind
from alerts.reads.incident_samples import as_uuid
from alerts.reads.quiet import holding, in_force
from alerts.reads.subjects import parts_of
from monitoring.reads.silence import silenced

SILENCE, IGNORED, SAMPLE = "silence", "ignored", "sample"
_OF_SAMPLE = {"sample": ["yes"]}


def mute(team_id: UUID, incidents: Sequence[Incident], now: datetime) -> list[Incident]:
    """Marks those of these incidents that send no notice now, and says so in their history; answers all of them.

    Their rules must be loaded. Seven queries at most.
    """
    parts = parts_of(team_id, incidents)
    reasons = {
        **_by_silence(team_id, parts, now),
        **_by_ignored_group(team_id, incidents, now),
        **{id: (SAMPLE, "It is about sample data.") for id, told in parts.items() if is_whole_match(_OF_SAMPLE, told)},
    }
    muted = []
    for one in incidents:
        if one.id in reasons:
            one.muted_by, text = reasons[one.id]
            muted.append((one, text))
    Incident.objects.bulk_update([one for one, _ in muted], ["muted_by"])
    IncidentEvent.objects.bulk_create(
        IncidentEvent(
            team_id=team_id,
            incident=one,
            at=now,
            kind=IncidentEventKind.MUTED,
            text=text[:500],
            detail={"by": one.muted_by},
        )
        for one, text in muted
    )
    return list(incidents)


def _by_silence(team_id: UUID, parts: Mapping[UUID, Sequence[Facts]], now: datetime) -> dict[UUID, tuple[str, str]]:
    quiet = in_force(team_id, now)
    found = {id: holding(SilenceKind.SILENCE, quiet, told) for id, told in parts.items()}
    return {id: (SILENCE, one.silence.reason) for id, one in found.items() if one}


def _by_ignored_group(team_id: UUID, incidents: Sequence[Incident], now: datetime) -> dict[UUID, tuple[str, str]]:
    groups = {
        one.id: group
        for one in incidents
        if one.rule and one.rule.metric.endswith("_group") and (group := as_uuid(one.value_text))
    }
    quiet = silenced(team_id, list(groups.values()), now)
    text = "The failure group is ignored."
    return {id: (IGNORED, text) for id, group in groups.items() if group in quiet}
