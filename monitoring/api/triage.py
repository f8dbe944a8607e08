"""`GET /api/v1/groups/`, and changing groups: one (`PATCH`), many at once, merging and splitting."""

from collections import OrderedDict
from typing import Any, cast
from uuid import UUID

import django_filters
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from accounts.api.base import ChangesTold
from accounts.authentication import CanClassify, CanRead
from accounts.models import ApiKey, Membership
from accounts.tenancy import team_context
from monitoring.analysis.triage import TriageStatus
from monitoring.api.executions import team_of
from monitoring.api.group_documents import (
    ACTION_OF,
    STATUSES,
    GroupPageSerializer,
    GroupsChangeSerializer,
    OutcomeSerializer,
    page_document,
)
from monitoring.api.parameters import RangeFilters, WholeNumberFilter, described, names, one_of
from monitoring.api.rendering import NumberRenderer
from monitoring.filters import ANY, MAX_LENGTH, Choice, Filters
from monitoring.models import FailureGroup
from monitoring.reads.group_list import NOBODY, SORTS, Asked, GroupPage, group_page, read_cursor
from monitoring.services.suggestions import suggestions_of_groups
from monitoring.services.triage import Outcome, TriageRefused
from monitoring.services.triage_request import perform, read_ids

DEFAULT_SORT = "-last"
DEFAULT_LIMIT = 50
MOST = 200


class GroupFilters(RangeFilters):
    """What `GET /api/v1/groups/` understands."""

    workflow = names("Name or slug of a workflow")
    environment = names("Environment of the failures. Absent: all")
    release = names("Release of the failures")
    status = names(f"Where the group stands: {', '.join(STATUSES)}. Absent: all")
    assignee = described(
        django_filters.CharFilter(max_length=MAX_LENGTH), f"Address or id of a member, or '{NOBODY}'", type="string"
    )
    q = described(django_filters.CharFilter(max_length=MAX_LENGTH), "Part of the title or of the node", type="string")
    sort = one_of(SORTS, "Order; seen last first when absent")
    limit = described(
        WholeNumberFilter(min_value=1, max_value=MOST),
        f"Rows a page, {DEFAULT_LIMIT} when absent",
        type="integer",
        minimum=1,
        maximum=MOST,
        default=DEFAULT_LIMIT,
    )
    after = described(django_filters.CharFilter(), "Cursor, from `next` or `previous` of another page", type="string")

    def asked(self, team_id: UUID) -> Asked:
        """The groups that are asked for. Raises REST framework's `ValidationError`, by field."""
        told, now = self.told(), timezone.now()
        sort = told["sort"] or DEFAULT_SORT
        if told["after"] and read_cursor(told["after"], sort) is None:
            raise exceptions.ValidationError(
                {"after": ["Not a cursor of this list in this order. Take it from `next`."]}
            )
        choices = {"env": told["environment"] or Choice((ANY,))}
        choices |= {name: told[name] for name in ("workflow", "release") if told[name]}
        filters = Filters(self.window(now), choices, q=told["q"] or "", sort=sort, after=told["after"] or "")
        assignee = _assignee(team_id, told["assignee"] or "")
        return Asked(filters, _statuses(told["status"]), assignee, int(told["limit"] or DEFAULT_LIMIT))


class GroupList(GenericAPIView[FailureGroup]):
    """Failure groups, those that were seen last first."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]
    filter_backends = [DjangoFilterBackend]
    filterset_class = GroupFilters
    queryset = FailureGroup.objects.none()
    pagination_class = None

    @extend_schema(operation_id="list_groups", responses=GroupPageSerializer)
    def get(self, request: Request) -> Response:
        """List failure groups with where they stand and their suggested causes. Merged ones are one."""
        team_id = team_of(request)
        chosen = GroupFilters(request.query_params, queryset=self.queryset)
        with team_context(team_id):
            found: GroupPage = group_page(team_id, chosen.asked(team_id), timezone.now())
            suggestions = suggestions_of_groups(team_id, found.rows)
        address = request.build_absolute_uri()
        return Response(
            {
                "next": replace_query_param(address, "after", found.next) if found.next else None,
                "previous": replace_query_param(address, "after", found.previous) if found.previous else None,
                **page_document(found, suggestions),
            }
        )


class GroupsChange(ChangesTold):
    """A change of many failure groups at once."""

    permission_classes = [CanClassify]
    renderer_classes = [NumberRenderer]

    @extend_schema(operation_id="change_groups", request=GroupsChangeSerializer, responses=OutcomeSerializer)
    def post(self, request: Request) -> Response:
        """Review, ignore, resolve, reopen, assign or merge failure groups, or split one. All are changed, or none."""
        told = GroupsChangeSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        try:
            ids = read_ids(told.validated_data["groups"])
        except TriageRefused as refused:
            raise exceptions.ValidationError(_by_field(refused)) from None
        return Response(_outcome(change(request, ids, told.validated_data)))


def change(request: Request, group_ids: list[UUID], *changes: dict[str, Any]) -> Outcome:
    """Makes changes of groups in the name of the key, all or none. Raises `ValidationError`, by field."""
    team_id, key = team_of(request), cast(ApiKey, request.auth)
    outcome = Outcome(0, len(group_ids))
    try:
        with team_context(team_id):
            for told in changes:
                outcome = perform(team_id, group_ids, told, by=key.name, now=timezone.now())
    except TriageRefused as refused:
        raise exceptions.ValidationError(_by_field(refused)) from None
    return outcome


def changes_of(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The changes that a `PATCH` of one group asks for. Raises `ValidationError` when it asks for none."""
    found = []
    if told.get("status", "open") not in ACTION_OF:
        raise exceptions.ValidationError({"status": [f"Must be one of: {', '.join(ACTION_OF)}."]})
    if "status" in told:
        terms = {name: value for name, value in told.items() if name not in ("status", "assignee")}
        found.append({**terms, "action": ACTION_OF[told["status"]]})
    if "assignee" in told:
        found.append({"action": "assign", "assignee": told["assignee"]})
    if not found:
        raise exceptions.ValidationError({"status": ["Tell a status, an assignee, or both."]})
    return found


def _statuses(choice: Choice) -> list[TriageStatus]:
    if unknown := [word for word in (*choice.wanted, *choice.excluded) if word not in STATUSES]:
        raise exceptions.ValidationError(
            {"status": [f"Unknown status '{unknown[0]}'. Allowed: {', '.join(STATUSES)}."]}
        )
    wanted = choice.wanted or STATUSES
    return [one for one in TriageStatus if one.value in wanted and one.value not in choice.excluded]


def _assignee(team_id: UUID, text: str) -> str:
    """The id of the member with an address; else the text, which may be an id."""
    if "@" not in text:
        return text
    found = Membership.objects.filter(team_id=team_id, user__email=text.lower()).values_list("user_id", flat=True)
    return str(next(iter(found), text))


def _by_field(refused: TriageRefused) -> dict[str, list[str]]:
    return OrderedDict((name, [f"{reason[0].upper()}{reason[1:]}."]) for name, reason in refused.reasons.items())


def _outcome(outcome: Outcome) -> dict[str, int]:
    return {"changed": outcome.changed, "unchanged": outcome.unchanged}
