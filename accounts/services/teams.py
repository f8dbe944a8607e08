"""Making teams with their first owner."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from accounts.keys import make_key
from accounts.models import ApiKey, FormerSlug, Membership, Scope, Team, User
from accounts.permissions import Role

# The first key reports, reads and decides; it neither manages the team nor reads what its members did.
FIRST_SCOPES = tuple(scope for scope in Scope.values if scope not in (Scope.AUDIT, Scope.MANAGE))


@dataclass(frozen=True, slots=True)
class NewTeam:
    """What a fresh team's owner needs; password and key are shown once."""

    team: Team
    owner: User
    password: str | None
    api_key: str


def free_slug(name: str) -> str:
    """A slug for this name that no team has yet."""
    base = slugify(name)[:48] or "team"
    taken = {
        *Team.objects.filter(slug__startswith=base).values_list("slug", flat=True),
        *FormerSlug.objects.filter(slug__startswith=base).values_list("slug", flat=True),
    }
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug


def issue_key(
    *, team: Team, name: str, scopes: list[str], user: User | None = None, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Makes a key; the second value is its text, which nobody can read again."""
    fresh = make_key()
    key = ApiKey.objects.create(
        team=team,
        name=name,
        prefix=fresh.prefix,
        secret_hash=fresh.secret_hash,
        scopes=scopes,
        created_by=user,
        expires_at=expires_at,
    )
    return key, fresh.text


def revoke_key(*, key: ApiKey, now: datetime | None = None) -> None:
    """Makes a key unusable from now on."""
    key.revoked_at = now or timezone.now()
    key.save(update_fields=["revoked_at"])


@transaction.atomic
def create_team_with_owner(*, name: str, email: str, password: str | None = None) -> NewTeam:
    """Makes a team, its owner and a key of `FIRST_SCOPES`.

    An address that is known already keeps its user and password (`password` is then None in the answer).
    """
    team = Team.objects.create(name=name, slug=free_slug(name))
    owner = User.objects.filter(email=email.strip().lower()).first()
    shown = None
    if owner is None:
        shown = password or secrets.token_urlsafe(12)
        owner = User.objects.create_user(email, shown)
        # Whoever may make teams on this machine says whose address it is.
        EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    _, text = issue_key(team=team, name="First key", scopes=list(FIRST_SCOPES), user=owner)
    return NewTeam(team, owner, shown, text)
