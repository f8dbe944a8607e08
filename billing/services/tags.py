"""The tags that a team splits its costs by."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from billing.models import CostSettings
from billing.services.history import By, Subject, record
from billing.store import due
from billing.store.line_prices import read_months

MAX_KEYS = 10
MAX_KEY = 80
_EARLIEST = date(1990, 1, 1)


class TagsRefused(Exception):
    """Keys that cannot be taken, with the reason."""


@transaction.atomic
def set_tag_keys(team_id: UUID, keys: Sequence[str], now: datetime, by: By = None) -> int:
    """Says by which tags of executions lines are split, in the order of pages; how many hours are made again.

    Inside the team's context. Hours of closed months are left as they are. Raises `TagsRefused`.
    """
    wanted = [key.strip() for key in keys]
    if reason := _reason(wanted):
        raise TagsRefused(reason)
    values = {"tag_keys": wanted, "updated_at": now}
    known = CostSettings.objects.filter(team_id=team_id).select_for_update().first()
    if known is not None and known.tag_keys == wanted:
        return 0
    if known is None:
        CostSettings.objects.create(team_id=team_id, **values)
    else:
        CostSettings.objects.filter(team_id=team_id).update(**values)
    record(team_id, Subject.TAGS, "", "chosen", by=by, now=now, keys=wanted)
    return due.mark_between(team_id, _EARLIEST, None, now, without=read_months(team_id).closed)


def _reason(keys: Sequence[str]) -> str:
    if len(keys) > MAX_KEYS:
        return _("at most {most} tags").format(most=MAX_KEYS)
    if not all(keys):
        return _("a tag must not be empty")
    if any(len(key) > MAX_KEY for key in keys):
        return _("a tag must have at most {most} characters").format(most=MAX_KEY)
    if len(set(keys)) < len(keys):
        return _("a tag is named twice")
    return ""
