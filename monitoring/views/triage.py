"""Changing failure groups from pages: one from its own page, many from the list. Works without a script."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring import wording
from monitoring.reads.merged import roots_of
from monitoring.services.triage import Outcome, TriageRefused
from monitoring.services.triage_request import perform, read_ids

# Fields as a sentence on a page names them; the others are as the API names them.
_NAMES = {
    "until": "the time until when",
    "count": "the number of failures",
    "release": "the release",
    "members": "the groups to split off",
    "assignee": "the member",
}
# What a form says, as a sentence about so many groups.
_DONE = {
    "review": "reviewed",
    "ignore": "ignored",
    "resolve": "resolved",
    "reopen": "opened",
    "assign": "assigned",
    "merge": "merged into one",
    "split": "split off",
}


@team_page(Permission.MANAGE_WORKFLOWS)
@require_POST
def change_many(request: TeamRequest) -> HttpResponseBase:
    """What the form of the list asks for; back to the list as it was."""
    back = reverse("failure_groups", args=[request.team.slug]) + "?" + request.POST.get("back", "")[:2000].lstrip("?")
    if not request.POST.getlist("group"):
        messages.error(request, "Nothing was changed: choose at least one group first.")
        return HttpResponseRedirect(back)
    try:
        _change(request, read_ids(request.POST.getlist("group")))
    except TriageRefused as refused:
        _refuse(request, refused)
    return HttpResponseRedirect(back)


@team_page(Permission.MANAGE_WORKFLOWS)
@require_POST
def change_one(request: TeamRequest, group: uuid.UUID) -> HttpResponseBase:
    """What the form on the page of a group asks for; back to the page."""
    try:
        _change(request, [group])
    except TriageRefused as refused:
        if "not known" in refused.reasons.get("groups", ""):
            raise Http404("No such group.") from None
        _refuse(request, refused)
    root = roots_of(request.team.id, [group])[group]
    return HttpResponseRedirect(reverse("failure_group", args=[request.team.slug, root]) + "#triage")


def told_by_form(post: QueryDict) -> dict[str, Any]:
    """The fields of the form as `services.triage_request` names them: of each choice only what was chosen counts."""
    told: dict[str, Any] = {"action": post.get("action", "")}
    if told["action"] == "ignore":
        until = post.get("ignore", "good")
        chosen: dict[str, dict[str, Any]] = {
            "for": {"until": post.get("for", "")},
            "until": {"until": post.get("until", "")},
            "count": {"count": post.get("count", ""), "within_minutes": post.get("within_minutes", "")},
            "next": {"next_release": True},
            "release": {"release": post.get("ignore_release", "")},
        }
        told |= chosen.get(until, {})
        _require(told, {"for": "until", "until": "until", "count": "count", "release": "release"}.get(until))
    elif told["action"] == "resolve":
        named: dict[str, dict[str, Any]] = {
            "next": {"next_release": True},
            "release": {"release": post.get("resolve_release", "")},
        }
        told |= named.get(post.get("resolve", "now"), {})
        _require(told, "release" if post.get("resolve") == "release" else None)
    elif told["action"] == "assign":
        told["assignee"] = post.get("assignee", "")
    elif told["action"] == "split":
        told["members"] = post.getlist("member")
        _require(told, "members")
    return told


def _require(told: dict[str, Any], field: str | None) -> None:
    if field and not told.get(field):
        raise TriageRefused({field: "must be told"})


def _change(request: TeamRequest, groups: list[uuid.UUID]) -> None:
    told = told_by_form(request.POST)
    outcome = perform(request.team.id, groups, told, by=request.user, now=timezone.now())
    messages.success(request, done_words(str(told["action"]), outcome))


def done_words(action: str, outcome: Outcome) -> str:
    """What was done: `3 groups resolved.`, with how many were left as they were."""
    changed = f"{_groups(outcome.changed)} {_DONE[action]}."
    left = f" {_groups(outcome.unchanged)} left as before." if outcome.unchanged and action != "split" else ""
    return changed + left


def _groups(count: int) -> str:
    return f"{wording.count(count)} group{'' if count == 1 else 's'}"


def _refuse(request: TeamRequest, refused: TriageRefused) -> None:
    why = "; ".join(f"{_NAMES.get(name, name.replace('_', ' '))} {reason}" for name, reason in refused.reasons.items())
    messages.error(request, f"Nothing was changed: {why}.")
