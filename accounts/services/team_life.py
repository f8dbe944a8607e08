"""A team's name and address, its end, and its coming back."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import FormerSlug, Membership, Team, User
from accounts.names import name_of
from accounts.permissions import Role
from accounts.ports import tell_reopened
from accounts.services.teams import free_slug

GRACE = timedelta(days=7)
MAX_NAME = 80
MAX_SLUG = 60
MAX_OWN_TEAMS = 20


class TeamRefused(Exception):
    """What was asked for cannot be done: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


@transaction.atomic
def create_team(*, name: str, by: User) -> Team:
    """Makes one more team, owned by the user. Raises `TeamRefused`."""
    name = _name(name)
    if Membership.objects.filter(user=by, role=Role.OWNER).count() >= MAX_OWN_TEAMS:
        raise TeamRefused({"teams": _("of one owner are at most {most}").format(most=MAX_OWN_TEAMS)})
    team = Team.objects.create(name=name, slug=free_slug(name))
    Membership.objects.create(team=team, user=by, role=Role.OWNER)
    return team


@transaction.atomic
def rename_team(*, team_id: UUID, name: str, slug: str) -> Team:
    """Changes the name, and the address if `slug` is another; the old address leads to the new one.

    Raises `TeamRefused`.
    """
    team = Team.objects.select_for_update().get(id=team_id)
    name, slug = _name(name), slug.strip().lower()
    if slug != team.slug:
        _move(team, slug)
    team.name, team.slug = name, slug
    team.save(update_fields=["name", "slug"])
    return team


@transaction.atomic
def delete_team(*, team_id: UUID, name: str, now: datetime) -> Team:
    """Lets the team wait for its end, in `GRACE`. `name` must be its name, as a check. Raises `TeamRefused`."""
    team = Team.objects.select_for_update().get(id=team_id)
    expected = name_of(team.name) or team.slug
    # Pages show a sign in place of what turns text round: who copies the name from there has it in it.
    if name_of(name.replace("\N{REPLACEMENT CHARACTER}", "")) != expected:
        raise TeamRefused({"name": _("must be the team's name: {name}").format(name=expected)})
    if team.erased_from is None:
        team.erased_from = now + GRACE
        team.save(update_fields=["erased_from"])
    return team


@transaction.atomic
def restore_team(*, team_id: UUID, now: datetime) -> Team:
    """Takes a deletion back: rules, notices and mail go on from now. Raises `TeamRefused` when its time has come."""
    team = Team.objects.select_for_update().get(id=team_id)
    if team.erased_from is not None and team.erased_from <= now:
        raise TeamRefused({"team": _("is being erased and cannot be restored")})
    if team.erased_from is not None:
        team.erased_from = None
        team.save(update_fields=["erased_from"])
        tell_reopened(team_id)
    return team


def team_moved_from(slug: str, user: User) -> Team | None:
    """The team of the user that had this address before, or None."""
    found = FormerSlug.objects.select_related("team").filter(slug=slug, team__memberships__user=user).first()
    return found.team if found else None


def _name(name: str) -> str:
    name = name_of(name)
    if not name or len(name) > MAX_NAME:
        reason = _("must be told, with at most {most} characters that can be seen")
        raise TeamRefused({"name": reason.format(most=MAX_NAME)})
    return name


def _move(team: Team, slug: str) -> None:
    if not slug or slug != slugify(slug) or len(slug) > MAX_SLUG:
        reason = _("must be lower-case letters, digits and -, at most {most} of them")
        raise TeamRefused({"slug": reason.format(most=MAX_SLUG)})
    if is_taken(slug, but=team):
        raise TeamRefused({"slug": _("is not free")})
    FormerSlug.objects.filter(slug=slug, team=team).delete()
    FormerSlug.objects.create(slug=team.slug, team=team)


def is_taken(slug: str, *, but: Team) -> bool:
    """Whether another team has this address, or had it before."""
    has = Team.objects.filter(slug=slug).exclude(id=but.id).exists()
    return has or FormerSlug.objects.filter(slug=slug).exclude(team=but).exists()
