"""What the people who run the installation do to teams and people. All of it is told, in the installation's log and in
that of the team."""

from datetime import datetime
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.audit import record_for_installation
from accounts.models import ApiKey, Team, User
from accounts.ports import tell_reopened
from accounts.services import keys, team_life
from accounts.services.user_sessions import end_sessions

MAX_REASON = 500


class AdministrationRefused(Exception):
    """It cannot be done; the text says why."""


@transaction.atomic
def suspend_team(*, team_id: UUID, reason: str, now: datetime) -> Team:
    """Closes a team's pages, keys and sources; nothing of it goes. Raises `AdministrationRefused`."""
    reason = " ".join(reason.replace("\x00", "").split())
    if not reason or len(reason) > MAX_REASON:
        told = _("Say why, with at most {most} characters: members read it.")
        raise AdministrationRefused(told.format(most=MAX_REASON))
    team = Team.objects.select_for_update().get(id=team_id)
    if team.suspended_at is not None:
        raise AdministrationRefused(_("The team is suspended already."))
    team.suspended_at, team.suspended_because = now, reason
    team.save(update_fields=["suspended_at", "suspended_because"])
    _tell_of_team("team.suspended", team, reason)
    return team


@transaction.atomic
def resume_team(*, team_id: UUID) -> Team:
    """Opens a suspended team again: rules, notices and mail go on from now. Raises `AdministrationRefused`."""
    team = Team.objects.select_for_update().get(id=team_id)
    if team.suspended_at is None:
        raise AdministrationRefused(_("The team is not suspended."))
    team.suspended_at, team.suspended_because = None, ""
    team.save(update_fields=["suspended_at", "suspended_because"])
    tell_reopened(team_id)
    _tell_of_team("team.resumed", team)
    return team


@transaction.atomic
def restore_team(*, team_id: UUID, now: datetime) -> Team:
    """Takes the deletion of a team back, as an owner can. Raises `AdministrationRefused` once it is being erased."""
    try:
        team = team_life.restore_team(team_id=team_id, now=now)
    except team_life.TeamRefused:
        raise AdministrationRefused(_("The team is being erased and cannot be restored.")) from None
    _tell_of_team("team.restored", team)
    return team


@transaction.atomic
def deactivate_user(*, user: User, by: User) -> None:
    """Ends what a person may do: sessions end, their own keys stop. Raises `AdministrationRefused`."""
    _check_other(user, by)
    if user.is_superuser and not _superusers().exclude(id=user.id).exists():
        raise AdministrationRefused(_("This is the last superuser."))
    user.is_active = False
    user.save(update_fields=["is_active"])
    _tell_of_user("user.deactivated", user)
    end_sessions(user=user, note="deactivated")


@transaction.atomic
def activate_user(*, user: User, by: User) -> None:
    """Lets a person sign in again."""
    _check_other(user, by)
    user.is_active = True
    user.save(update_fields=["is_active"])
    _tell_of_user("user.activated", user)


def end_all_sessions(*, user: User, by: User) -> int:
    """Signs a person out everywhere; how many sessions ended."""
    return end_sessions(user=user, note=f"by {by.email}")


@transaction.atomic
def reset_second_factors(*, user: User, by: User, reason: str) -> int:
    """Removes app, passkeys and recovery codes of a person who lost them, and ends their sessions; how many went.

    `reason` says how `by` made sure that it is them who ask, and is kept. Raises `AdministrationRefused`.
    """
    _check_other(user, by)
    reason = " ".join(reason.replace("\x00", "").split())
    if not reason or len(reason) > MAX_REASON:
        told = _("Say how you made sure that it is them who ask, with at most {most} characters.")
        raise AdministrationRefused(told.format(most=MAX_REASON))
    found = Authenticator.objects.filter(user_id=user.id)
    # The log has one language.
    with translation.override(settings.LANGUAGE_CODE):
        kinds = sorted(str(one.get_type_display()) for one in found)
    found.delete()
    record_for_installation(
        "user.second_factors_reset",
        ("user", user.id, user.email),
        before={"second_factors": kinds},
        note=reason,
    )
    end_sessions(user=user, note="second factors reset")
    return len(kinds)


@transaction.atomic
def set_staff(*, user: User, by: User, is_staff: bool) -> None:
    """Lets a person into the administration or out of it. What they may see there is said by their permissions.

    Raises `AdministrationRefused`: only superusers say it, and not of superusers.
    """
    _check_other(user, by)
    if not by.is_superuser:
        raise AdministrationRefused(_("Only a superuser says who administers the installation."))
    if user.is_superuser:
        raise AdministrationRefused(_("A superuser always administers the installation."))
    before, user.is_staff = user.is_staff, is_staff
    user.save(update_fields=["is_staff"])
    if not is_staff:
        end_sessions(user=user, note="no longer staff")
    told = {"is_staff": before}, {"is_staff": is_staff}
    record_for_installation("user.staff_changed", ("user", user.id, user.email), before=told[0], after=told[1])


def revoke_key(*, key: ApiKey, now: datetime) -> bool:
    """Makes a key of a team unusable; whether it was usable. Is told in both logs."""
    if not keys.revoke_key_of(team_id=key.team_id, key_id=key.id, now=now):
        return False
    record_for_installation("api_key.revoked", key, about_team=key.team_id)
    return True


def _superusers() -> QuerySet[User]:
    return User.objects.filter(is_superuser=True, is_active=True)


def _check_other(user: User, by: User) -> None:
    """Nobody does these to themselves, and only superusers to those who administer the installation."""
    if user.id == by.id:
        raise AdministrationRefused(_("This is you: somebody else must do it."))
    if (user.is_superuser or user.is_staff) and not by.is_superuser:
        raise AdministrationRefused(_("Only a superuser does this to somebody who administers the installation."))


def _tell_of_team(action: str, team: Team, note: str = "") -> None:
    record_for_installation(action, team, note=note, about_team=team.id)


def _tell_of_user(action: str, user: User) -> None:
    record_for_installation(action, ("user", user.id, user.email))
