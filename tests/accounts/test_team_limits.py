"""What was agreed with a team is in its own log when it changes."""

from accounts.acting import Actor, ActorKind, Via, acting
from accounts.models import AuditEvent, Team, TeamLimits
from accounts.tenancy import team_context


def test_a_change_is_told_to_the_team(team: Team) -> None:
    with acting(Actor(ActorKind.USER, "staff@example.test"), Via.ADMIN):
        limits = TeamLimits.objects.create(team=team, requests_per_second=5)
        limits.requests_per_second = 50
        limits.save()
    with team_context(team.id):
        added, changed = AuditEvent.objects.filter(target_kind="limits of a team").order_by("at")
    assert (added.action, added.after["requests_per_second"]) == ("limits_of_a_team.added", 5)
    assert (changed.before, changed.after) == ({"requests_per_second": 5}, {"requests_per_second": 50})
