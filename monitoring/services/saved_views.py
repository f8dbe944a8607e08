"""Saved views: keeping the query of a list under a name, for oneself or for the team."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import QueryDict

from accounts import formats
from accounts.models import User
from accounts.names import name_of
from monitoring.filters import parse_filters
from monitoring.models import DefaultView, SavedView, ViewPage, Workflow
from monitoring.search import merged

MAX_NAME = 80
MAX_QUERY = 2_000
# Views that one member keeps in a team.
MAX_VIEWS = 50


class ViewRefused(Exception):
    """A view that cannot be saved; the text is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """The page that a view is of; the Failures page is one of a workflow."""

    page: ViewPage
    workflow: Workflow | None = None


def visible_views(team_id: UUID, user: User) -> QuerySet[SavedView]:
    """The views that a member sees: own ones and those of the team."""
    return SavedView.objects.filter(Q(made_by=user) | Q(is_shared=True), team_id=team_id)


def save_view(
    *, team_id: UUID, user: User, place: Place, name: str, query: str, is_shared: bool, now: datetime
) -> SavedView:
    """Keeps a query under a name. The same once more changes nothing. Raises `ViewRefused`."""
    name, query = _checked(name), plain_query(query, now)
    own = SavedView.objects.filter(team_id=team_id, made_by=user)
    known = own.filter(page=place.page, workflow=place.workflow, name=name).first()
    if known is not None:
        if known.query != query:
            raise ViewRefused("You have a view of this name already. Choose another name, or delete that one first.")
        if known.is_shared != is_shared:
            known.is_shared = is_shared
            known.save()
        return known
    if own.count() >= MAX_VIEWS:
        raise ViewRefused(f"You have {MAX_VIEWS} views already. Delete one that you no longer need first.")
    made = SavedView(
        team_id=team_id, page=place.page, workflow=place.workflow, name=name, query=query, is_shared=is_shared
    )
    made.made_by = user
    return _saved(made)


def change_view(view: SavedView, *, name: str, is_shared: bool) -> SavedView:
    """Gives a view another name, and shares it or no longer. Raises `ViewRefused`."""
    view.name = _checked(name)
    if view.is_shared and not is_shared:
        DefaultView.objects.filter(team_id=view.team_id, view=view).exclude(user_id=view.made_by_id).delete()
    view.is_shared = is_shared
    return _saved(view)


def set_default(view: SavedView, user: User) -> None:
    """The page opens with this view for the member from now on."""
    DefaultView.objects.update_or_create(
        team_id=view.team_id, user=user, page=view.page, workflow_id=view.workflow_id, defaults={"view": view}
    )


def clear_default(view: SavedView, user: User) -> None:
    """The page opens as it does without a view, if it opened with this one."""
    DefaultView.objects.filter(team_id=view.team_id, user=user, view=view).delete()


def plain_query(query: str, now: datetime) -> str:
    """What a page understands of a query, without its `?` and the place in the list. Raises `ViewRefused`."""
    filters, _ = merged(parse_filters(QueryDict(query.removeprefix("?")), now))
    plain = filters.query(after=None)[1:]
    if len(plain) > MAX_QUERY:
        raise ViewRefused(
            f"This view has too many filters to be kept: more than {formats.count(MAX_QUERY)} characters."
        )
    return plain


def _checked(told: str) -> str:
    name = name_of(told)
    if not name:
        raise ViewRefused("Give the view a name of which something can be seen.")
    if len(name) > MAX_NAME:
        raise ViewRefused(f"A name has at most {MAX_NAME} characters.")
    return name


def _saved(view: SavedView) -> SavedView:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise ViewRefused("There is a view of this name already. Choose another one.") from error
    return view
