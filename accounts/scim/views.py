"""`/scim/v2/Users`: who a company's directory says is a member."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed

from accounts.acting import set_key
from accounts.authentication import told_key, verify_key
from accounts.json_bodies import find_unstorable
from accounts.models import Scope
from accounts.scim import messages
from accounts.services import provisioning
from accounts.services.provisioning import ProvisioningRefused
from accounts.tenancy import team_context

CONTENT_TYPE = "application/scim+json"
MAX_BODY_BYTES = 256 * 1024
Document = dict[str, Any]
Answer = tuple[int, Document | None]


def scim_view(*methods: str) -> Callable[[Callable[..., Answer]], Callable[..., HttpResponse]]:
    """Marks a view of SCIM: a key with the scope `manage`, within its team; refusals as SCIM writes them."""

    def decorate(view: Callable[..., Answer]) -> Callable[..., HttpResponse]:
        def guarded(request: HttpRequest, **told: Any) -> HttpResponse:
            try:
                team_id = _team_of(request)
                if request.method not in methods:
                    raise ProvisioningRefused("This method is not supported here.", "", 405)
                with team_context(team_id):
                    return _response(*view(request, team_id, **told))
            except ProvisioningRefused as refused:
                return _response(refused.status, messages.error_document(refused))

        guarded.api_scope = Scope.MANAGE  # type: ignore[attr-defined]
        return guarded

    return decorate


def _team_of(request: HttpRequest) -> UUID:
    try:
        key = verify_key(told_key(request.headers) or "", timezone.now())
    except AuthenticationFailed as error:
        raise ProvisioningRefused(str(error.detail), "", 401) from None
    if Scope.MANAGE not in key.scopes:
        raise ProvisioningRefused(f"This API key does not have the scope '{Scope.MANAGE}'.", "", 403)
    set_key(key)
    return key.team_id


def _response(status: int, document: Document | None) -> HttpResponse:
    response = JsonResponse(document, status=status) if document is not None else HttpResponse(status=status)
    response["Content-Type"] = CONTENT_TYPE
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="steadyrun"'
    return response


def _body(request: HttpRequest) -> Any:
    text = request.read(MAX_BODY_BYTES + 1)
    if len(text) > MAX_BODY_BYTES:
        raise ProvisioningRefused("The body is too large.", "", 413)
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise ProvisioningRefused("The body is no JSON.", "invalidSyntax") from None
    if found := find_unstorable(body):
        raise ProvisioningRefused(": ".join(filter(None, found)), "invalidValue")
    return body


def _base() -> str:
    return str(settings.BASE_URL).rstrip("/")


@scim_view("GET", "POST")
def users(request: HttpRequest, team_id: UUID) -> Answer:
    """The members, by page and filter; a POST adds one."""
    if request.method == "GET":
        found = provisioning.people_of(team_id, **messages.read_filter(request.GET.get("filter", "")))
        start, count = messages.read_page(request.GET.get("startIndex", ""), request.GET.get("count", ""))
        return 200, messages.list_document(found, start, count, _base())
    body = _body(request)
    told = messages.read_user(body)
    email = str(body.get("userName") or "")
    try:
        validate_email(email)
    except ValidationError:
        raise ProvisioningRefused("userName must be an e-mail address.", "invalidValue") from None
    made = provisioning.add_person(
        team_id=team_id,
        email=email,
        name=str(body.get("displayName") or "").replace("\x00", ""),
        external_id=(told.external_id or "").replace("\x00", ""),
        is_active=told.is_active is not False,
    )
    return 201, messages.user_document(made, _base())


@scim_view("GET", "PUT", "PATCH", "DELETE")
def user(request: HttpRequest, team_id: UUID, id: UUID) -> Answer:
    """One member: shown, made active or inactive, removed."""
    if request.method == "DELETE":
        provisioning.remove_person(team_id=team_id, user_id=id)
        return 204, None
    if request.method == "GET":
        found = provisioning.person(team_id, id)
        if found is None:
            raise ProvisioningRefused("There is no such person in this team.", "", 404)
        return 200, messages.user_document(found, _base())
    body = _body(request)
    told = messages.read_patch(body) if request.method == "PATCH" else messages.read_user(body)
    external = told.external_id.replace("\x00", "") if told.external_id is not None else None
    changed = provisioning.change_person(team_id=team_id, user_id=id, is_active=told.is_active, external_id=external)
    return 200, messages.user_document(changed, _base())


@scim_view("GET")
def service_provider_config(request: HttpRequest, team_id: UUID) -> Answer:
    """What of SCIM is here: users, PATCH and one kind of filter."""
    none = {"supported": False}
    return 200, {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {**none, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": messages.MAX_COUNT},
        "changePassword": none,
        "sort": none,
        "etag": none,
        "authenticationSchemes": [
            {"type": "oauthbearertoken", "name": "API key", "description": "An API key with the scope 'manage'"}
        ],
    }
