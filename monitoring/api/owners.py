"""`/api/v1/workflows/<workflow>/owner/`: who owns a workflow, and its tags."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework import serializers as s
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ChangesTold
from accounts.authentication import CanClassify, CanRead
from accounts.tenancy import team_context
from monitoring.api.executions import team_of
from monitoring.api.workflows import WORKFLOW
from monitoring.filters import MAX_LENGTH
from monitoring.models import Workflow
from monitoring.reads.improvements import members
from monitoring.reads.workflows import named
from monitoring.services.owners import MAX_TAG, MAX_TAGS, OwnerRefused, groups_of, set_ownership


class OwnerSerializer(s.Serializer[Any]):
    """The owner of a workflow: a member or a group; and its tags. What is not told stays as it is."""

    owner = s.EmailField(required=False, allow_null=True, help_text="A member of the team; null: none")
    owner_group = s.CharField(
        required=False, allow_null=True, max_length=80, help_text="Name of a group of members; null: none"
    )
    tags = s.ListField(child=s.CharField(max_length=MAX_TAG), max_length=MAX_TAGS, required=False)


class WorkflowOwner(ChangesTold):
    """The owner and tags of one workflow."""

    permission_classes = [CanRead]

    def get_permissions(self) -> list[BasePermission]:
        """Reading takes the scope `read`, changing `classify`."""
        return [CanClassify() if self.request.method == "PATCH" else CanRead()]

    @extend_schema(operation_id="get_workflow_owner", parameters=[WORKFLOW], responses=OwnerSerializer)
    def get(self, request: Request, workflow: str) -> Response:
        """Read who owns a workflow, and its tags."""
        with team_context(team_of(request)):
            return Response(_document(_find(request, workflow)))

    @extend_schema(
        operation_id="set_workflow_owner", parameters=[WORKFLOW], request=OwnerSerializer, responses=OwnerSerializer
    )
    def patch(self, request: Request, workflow: str) -> Response:
        """Change who owns a workflow, and its tags: what is told is set, null takes it away."""
        told = OwnerSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        with team_context(team_of(request)):
            found = _find(request, workflow)
            try:
                set_ownership(workflow=found, told=_resolved(found, told.validated_data))
            except OwnerRefused as refused:
                raise exceptions.ValidationError({name: [text] for name, text in refused.reasons.items()}) from refused
            return Response(_document(_find(request, workflow)))


def _resolved(workflow: Workflow, told: dict[str, Any]) -> dict[str, Any]:
    """Addresses and names as ids. Raises `ValidationError`."""
    values: dict[str, Any] = {"tags": told["tags"]} if "tags" in told else {}
    if "owner" in told:
        people = {user.email: user.id for user in members(workflow.team_id)}
        values["owner_id"] = _known(people, "owner", (told["owner"] or "").lower(), "must be a member of the team")
    if "owner_group" in told:
        groups = {name: id for id, name in groups_of(workflow.team_id)}
        reason = "must be a group of the team"
        values["owner_group_id"] = _known(groups, "owner_group", told["owner_group"] or "", reason)
    return values


def _known(known: dict[str, Any], field: str, text: str, reason: str) -> Any:
    if text and text not in known:
        raise exceptions.ValidationError({field: [reason]})
    return known.get(text)


def _find(request: Request, text: str) -> Workflow:
    found = named(team_of(request), text.replace("\x00", "")[:MAX_LENGTH])
    if found is None:
        raise Http404
    return found


def _document(one: Workflow) -> dict[str, Any]:
    owner = next((user.email for user in members(one.team_id) if user.id == one.owner_id), None)
    group = dict(groups_of(one.team_id)).get(str(one.owner_group_id))
    return {"owner": owner, "owner_group": group, "tags": one.tags}
