"""Silences and maintenance windows that are not over. They have no name: a changed one is another one."""

from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from alerts.api.silence_documents import NewSilenceSerializer
from alerts.models import Silence, SilenceKind
from alerts.services.silences import SilenceRefused, WantedSilence, add_silence, end_silence
from config.as_code.changes import Applying, Document
from config.as_code.reading import labelled, read_fields, valued


class Silences:
    """A list of silences as `POST /api/v1/silences/` takes them. One that is there already is left as it is."""

    name = "silences"

    def export(self, team_id: UUID) -> list[Document]:
        """Those that are not over, by their end."""
        return [_document(one) for one in _kept(team_id)]

    def apply(self, told: Any, at: Applying) -> None:
        """Adds those that are missing."""
        if not isinstance(told, list):
            at.refuse(self.name, {"must": "be a list"})
            return
        kept, named = [(one, _document(one)) for one in _kept(at.team_id)], []
        for number, item in enumerate(told, 1):
            place = f"{self.name}, item {number}"
            wanted = self._wanted(item, place, at)
            if wanted is None:
                continue
            document = _as_document(at.team_id, wanted)
            named.append(document)
            if document not in [known for _, known in kept] and wanted.ends_at > at.now:
                self._add(wanted, document, place, at)
        for one, document in kept if at.is_pruning else ():
            if document not in named:
                end_silence(team_id=at.team_id, silence_id=one.id, now=at.now)
                at.note(self.name, one.reason, document, None)

    def _wanted(self, item: Any, place: str, at: Applying) -> WantedSilence | None:
        """The silence that an item asks for."""
        if not isinstance(item, dict) or "starts_at" not in item:
            at.refuse(place, {"starts_at": "must be told: applied again, the file must mean the same"})
            return None
        fields = read_fields(NewSilenceSerializer, item, place, at)
        if fields is None:
            return None
        seconds = fields.get("duration_s")
        return WantedSilence(
            reason=fields["reason"],
            starts_at=fields["starts_at"],
            ends_at=fields["ends_at"],
            kind=fields.get("kind", SilenceKind.SILENCE.value),
            matchers=valued(at.team_id, fields.get("matchers", {}), place, at),
            cron=fields.get("cron", ""),
            zone=fields.get("zone", "UTC"),
            duration=timedelta(seconds=seconds) if seconds is not None else None,
        )

    def _add(self, wanted: WantedSilence, document: Document, place: str, at: Applying) -> None:
        try:
            add_silence(team_id=at.team_id, wanted=wanted, by=at.by, now=at.now)
        except SilenceRefused as refused:
            at.refuse(place, refused.reasons)
            return
        at.note(self.name, wanted.reason, None, document)


def _kept(team_id: UUID) -> list[Silence]:
    return list(Silence.objects.filter(team_id=team_id, ends_at__gt=timezone.now()).order_by("ends_at", "id"))


def _document(one: Silence) -> Document:
    length = timedelta(seconds=one.duration_s) if one.duration_s is not None else None
    told = WantedSilence(one.reason, one.starts_at, one.ends_at, one.kind, one.matchers, one.cron, one.zone, length)
    return _as_document(one.team_id, told)


def _as_document(team_id: UUID, wanted: WantedSilence) -> Document:
    """A silence without what is usual, times as texts."""
    again = {"cron": wanted.cron, "zone": wanted.zone, "duration_s": _seconds(wanted.duration)} if wanted.cron else {}
    matchers = labelled(team_id, dict(wanted.matchers))
    return {
        "reason": wanted.reason.strip(),
        **({"kind": str(wanted.kind)} if wanted.kind != SilenceKind.SILENCE else {}),
        **({"matchers": matchers} if matchers else {}),
        "starts_at": wanted.starts_at.astimezone(UTC).isoformat(),
        "ends_at": wanted.ends_at.astimezone(UTC).isoformat(),
        **again,
    }


def _seconds(length: timedelta | None) -> int | None:
    return int(length.total_seconds()) if length is not None else None
