"""Who owns a workflow: a member or a group; and the tags that a team sorts its workflows by."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import update_told
from accounts.models import MemberGroup, Membership
from accounts.statements import run_prepared
from monitoring.models import Workflow

MAX_TAGS = 20
MAX_TAG = 80
FIELDS = ("owner_id", "owner_group_id", "tags")


class OwnerRefused(Exception):
    """Something that cannot be saved: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


@transaction.atomic
def set_ownership(*, workflow: Workflow, told: dict[str, Any]) -> Workflow:
    """Changes those of `FIELDS` that are told; None takes an owner away. Raises `OwnerRefused`."""
    values = {name: told[name] for name in FIELDS if name in told}
    if "tags" in values:
        values["tags"] = clean_tags(values["tags"])
    if reasons := _faults(workflow.team_id, values):
        raise OwnerRefused(reasons)
    update_told(Workflow.objects.filter(team_id=workflow.team_id, id=workflow.id), **values)
    for name, value in values.items():
        setattr(workflow, name, value)
    return workflow


def clean_tags(told: Sequence[str]) -> list[str]:
    """Tags without white space around them, each once, in order."""
    return sorted({tag for one in told if (tag := " ".join(str(one).replace("\x00", "").split()))})


def _faults(team_id: UUID, values: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    owner, group, tags = (values.get(name) for name in FIELDS)
    if owner and not Membership.objects.filter(team_id=team_id, user_id=owner).exists():
        found["owner"] = _("must be a member of the team")
    if group and not MemberGroup.objects.filter(team_id=team_id, id=group).exists():
        found["group"] = _("must be a group of the team")
    if tags and (len(tags) > MAX_TAGS or any(len(tag) > MAX_TAG for tag in tags)):
        text = _("must be at most {count}, each with at most {most} characters")
        found["tags"] = text.format(count=MAX_TAGS, most=MAX_TAG)
    return found


_POSSIBLE = """SELECT 'user:' || u.id, u.email, 0 FROM accounts_membership m JOIN accounts_user u ON u.id = m.user_id
    WHERE m.team_id = %(team)s
UNION ALL SELECT 'group:' || id, name, 1 FROM member_group WHERE team_id = %(team)s ORDER BY 3, 2, 1"""


def possible_owners(team_id: UUID) -> list[tuple[str, str]]:
    """The members of a team, by e-mail, then its groups, by name: what a form sends for each, and how it is called."""
    return [(told, name) for told, name, _kind in run_prepared(_POSSIBLE, {"team": team_id})]


def groups_of(team_id: UUID) -> list[tuple[str, str]]:
    """The groups of a team as pairs of id and name, by name."""
    found = MemberGroup.objects.filter(team_id=team_id).order_by("name", "id")
    return [(str(id), name) for id, name in found.values_list("id", "name")]
