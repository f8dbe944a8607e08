"""Cost tags: which ones a team splits lines by, and the sets of them that executions tell."""

import json
from collections.abc import Iterable
from uuid import UUID

from billing.models import CostSettings, TagSet
from monitoring.identity import LabelKind, derive_number, label_id
from monitoring.store.labels import Names


def tag_keys(team_id: UUID) -> list[str]:
    """The keys of tags that the team's lines are split by, in the order in which pages list them."""
    found = CostSettings.objects.filter(team_id=team_id).values_list("tag_keys", flat=True).first()
    return list(found or ())


def facet_ids(keys: Iterable[str]) -> list[int]:
    """The ids under which executions keep these tags."""
    return [label_id(LabelKind.FACET, f"tag.{key}") for key in keys]


def tag_set_id(tags: dict[str, str]) -> int:
    """The id of tags that a line has together; 0 for none."""
    return derive_number("tags", *_texts(tags)) if tags else 0


def save_tag_sets(team_id: UUID, found: Iterable[str | None]) -> dict[str | None, int]:
    """Ids of sets of tags (JSON objects; None for none); the sets and their labels are made where they are missing.

    Labels come first, in the order of their ids, as those of reports do.
    """
    told = {text: json.loads(text) for text in {text for text in found if text}}
    ids: dict[str | None, int] = {text: tag_set_id(tags) for text, tags in told.items()}
    known = set(TagSet.objects.filter(team_id=team_id, id__in=ids.values()).values_list("id", flat=True))
    missing = sorted((id, text) for text, id in ids.items() if text and id not in known)
    if missing:
        names = Names(team_id)
        rows = []
        for id, text in missing:
            tags = dict(sorted(told[text].items()))
            value_ids = [names.label(LabelKind.TAG, one) for one in _texts(tags)]
            rows.append(TagSet(team_id=team_id, id=id, tags=tags, value_ids=value_ids))
        names.save()
        TagSet.objects.bulk_create(rows, ignore_conflicts=True)
    return ids | {None: 0}


def _texts(tags: dict[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in sorted(tags.items())]
