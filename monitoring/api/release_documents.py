"""What the API takes and gives out about releases: shapes for the OpenAPI document, and the values to fill them."""

from typing import Any

from rest_framework import serializers as s

from monitoring.reads.releases import KnownRelease
from monitoring.services.releases import MAX_COMMIT, MAX_NAME, MAX_NOTE, MAX_URL


def _told(kind: type[s.Field[Any, Any, Any, Any]], help_text: str = "") -> Any:
    return kind(allow_null=True, help_text=help_text)


class AnnouncementSerializer(s.Serializer[Any]):
    """A release that went live. What is left out stays as it is."""

    workflow = s.CharField(max_length=MAX_NAME, help_text="name or slug; a workflow that is not known yet is made")
    name = s.CharField(max_length=MAX_NAME, help_text="the version, as executions tell it in `release`")
    released_at = s.DateTimeField(
        required=False,
        allow_null=True,
        help_text="when it went live; absent: now, or when its first execution was seen",
    )
    commit = s.CharField(required=False, allow_blank=True, max_length=MAX_COMMIT)
    url = s.CharField(required=False, allow_blank=True, max_length=MAX_URL, help_text="http or https")
    note = s.CharField(required=False, allow_blank=True, max_length=MAX_NOTE)


class ReleaseSerializer(s.Serializer[Any]):
    """A release."""

    id = s.UUIDField()
    workflow, name = s.CharField(), s.CharField()
    live_at = _told(s.DateTimeField, "the time that counts: announced, else of the first execution")
    first_seen_at = _told(s.DateTimeField, "the first execution with it; null: none yet")
    released_at = _told(s.DateTimeField, "as announced; null: nobody said when it went live")
    announced_at = _told(s.DateTimeField, "null: known from executions alone")
    announced_by = _told(s.CharField, "a member's address or the name of a key")
    commit, url, note = s.CharField(), s.CharField(), s.CharField()


class AnnouncedSerializer(ReleaseSerializer):
    """The release as it is now. `changed` names the fields that this request changed."""

    changed = s.ListField(child=s.CharField())


class ReleaseListSerializer(s.Serializer[Any]):
    """Releases, newest first."""

    results = ReleaseSerializer(many=True)


def release_document(release: KnownRelease, workflow: str) -> dict[str, Any]:
    """A release; `workflow` is the slug of its workflow."""
    return {
        "id": release.id,
        "workflow": workflow,
        "name": release.name,
        "live_at": release.live_at,
        "first_seen_at": release.first_seen_at,
        "released_at": release.released_at,
        "announced_at": release.announced_at,
        "announced_by": release.announced_by or None,
        "commit": release.commit,
        "url": release.url,
        "note": release.note,
    }
