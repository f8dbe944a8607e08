"""Merging failure groups into one, and splitting them again."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import update_told
from accounts.models import User
from accounts.statements import run_prepared
from monitoring.analysis.triage import EventKind
from monitoring.models import FailureGroup, GroupTriage
from monitoring.reads.merged import members_of
from monitoring.services.triage import Outcome, TriageRefused, add_events, locked_groups

# So many fingerprints count as one group at most: they are looked up one by one in an index.
MAX_MEMBERS = 100
_FIRST = """SELECT COALESCE(t.merged_into_id, g.id) FROM failure_group g
    JOIN group_triage t ON t.team_id = g.team_id AND t.id = g.id
    WHERE g.team_id = %s AND COALESCE(t.merged_into_id, g.id) = ANY(%s) ORDER BY g.first_seen_at, g.id LIMIT 1"""


@transaction.atomic
def merge(*, team_id: UUID, group_ids: Iterable[UUID], into: UUID | None = None, by: User | str, now: datetime) -> UUID:
    """Makes groups of one workflow count as one: as `into`, else as the one that was seen first. Its id.

    Groups that were merged into one of them come along. Raises `TriageRefused`.
    """
    rows = locked_groups(team_id, [*group_ids, *([into] if into else [])])
    if len(rows) < 2:
        raise TriageRefused({"groups": _("must be at least two groups that are not merged yet")})
    if len({row.workflow_id for row in rows}) > 1:
        raise TriageRefused({"groups": _("must be groups of one workflow")})
    ids = [row.id for row in rows]
    root = _root(team_id, ids, into)
    joined = GroupTriage.objects.filter(team_id=team_id, merged_into_id__in=ids)
    if len(ids) + joined.count() > MAX_MEMBERS:
        raise TriageRefused({"groups": _("must be at most {most} when merged").format(most=MAX_MEMBERS)})
    moved = [id for id in ids if id != root]
    update_told(joined.filter(merged_into_id__in=moved), merged_into_id=root)
    update_told(GroupTriage.objects.filter(team_id=team_id, id__in=moved), merged_into_id=root)
    _look_again(team_id, [root])
    _tell(team_id, EventKind.MERGED, root, moved, by, now)
    return root


@transaction.atomic
def split(*, team_id: UUID, group_id: UUID, members: Sequence[UUID] = (), by: User | str, now: datetime) -> Outcome:
    """Takes members out of a merged group again, all of them when none are named. Raises `TriageRefused`.

    Each is as it was decided about before it was merged.
    """
    (root,) = locked_groups(team_id, [group_id])
    own = set(members_of(team_id, root.id)) - {root.id}
    wanted = set(members) or own
    if not own:
        raise TriageRefused({"members": _("must be merged into this group; none is")})
    if strangers := wanted - own:
        reason = _("must be merged into this group; not so: {id}").format(id=min(map(str, strangers)))
        raise TriageRefused({"members": reason})
    update_told(GroupTriage.objects.filter(team_id=team_id, id__in=wanted), merged_into_id=None)
    _look_again(team_id, [root.id, *wanted])
    _tell(team_id, EventKind.SPLIT, root.id, sorted(wanted), by, now)
    return Outcome(len(wanted), len(own - wanted))


def _root(team_id: UUID, ids: list[UUID], into: UUID | None) -> UUID:
    """The group to count as: the one that was asked for (or what it is merged into), else the one seen first."""
    if into is not None:
        found = GroupTriage.objects.get(team_id=team_id, id=into)
        return found.merged_into_id or found.id
    rows = run_prepared(_FIRST, [team_id, ids])
    return rows[0][0] if rows else ids[0]


def _look_again(team_id: UUID, ids: Iterable[UUID]) -> None:
    """What the group is made of has changed, so what was seen of it says nothing."""
    GroupTriage.objects.filter(team_id=team_id, id__in=list(ids)).update(seen_at=None, looked_at=None)


def _tell(team_id: UUID, kind: EventKind, root: UUID, others: list[UUID], by: User | str, now: datetime) -> None:
    """The event in the histories of all of them."""
    rows = FailureGroup.objects.filter(team_id=team_id, id__in=[root, *others])
    titles = dict(rows.values_list("id", "title"))
    groups = [{"id": str(id), "title": titles.get(id, "")} for id in others]
    told: list[tuple[UUID, EventKind, dict[str, Any]]] = [(root, kind, {"groups": groups})]
    of = {"id": str(root), "title": titles.get(root, "")}
    told += [(id, kind, {"into" if kind is EventKind.MERGED else "from": of}) for id in others]
    add_events(team_id, told, by, now)
