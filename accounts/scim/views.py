"""`/scim/v2/Users`: who a company's directory says is a member."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, validate_email
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied

from accounts.acting import set_key
from accounts.authentication import told_key, verify_key
from accounts.json_bodies import find_unstorable
from accounts.models import ApiKey, Membership, Scope
from accounts.permissions import Role
from accounts.scim import messages
from accounts.security_log import refused
from accounts.services import provisioning
from accounts.services.invitations import MAX_EMAIL
from accounts.services.provisioned_groups import groups_of_people
from accounts.services.provisioning import Person, ProvisioningRefused
from accounts.tenancy import team_context
from accounts.throttling import seconds_to_wait, told_wait

CONTENT_TYPE = "application/scim+json"
MAX_BODY_BYTES = 256 * 1024
Document = dict[str, Any]
Answer = tuple[int, Document | None]


class TooOften(ProvisioningRefused):
    """The key, or all keys of its team, ask more often than they may. `seconds`: until they may come again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many requests. Come again in {seconds} s.", "", 429)
        self.seconds = seconds


def scim_view(*methods: str) -> Callable[[Callable[..., Answer]], Callable[..., HttpResponse]]:
    """Marks a view of SCIM: a key with the scope `manage`, within its team; refusals as SCIM writes them."""

    def decorate(view: Callable[..., Answer]) -> Callable[..., HttpResponse]:
        def guarded(request: HttpRequest, **told: Any) -> HttpResponse:
            try:
                key = _key_of(request)
                team_id = key.team_id
                if (seconds := seconds_to_wait(request, key)) is not None:
                    raise TooOften(told_wait(seconds))
                if request.method not in methods:
                    raise ProvisioningRefused("This method is not supported here.", "", 405)
                with team_context(team_id):
                    if request.method != "GET" and "id" in told:
                        _check_owner(key, told["id"])
                    return _response(*view(request, team_id, **told))
            except TooOften as error:
                response = _response(error.status, messages.error_document(error))
                response["Retry-After"] = str(error.seconds)
                return response
            except ProvisioningRefused as error:
                return _response(error.status, messages.error_document(error))

        guarded.api_scope = Scope.MANAGE  # type: ignore[attr-defined]
        return guarded

    return decorate


def _check_owner(key: ApiKey, user_id: UUID) -> None:
    """Only owners make and unmake owners: a key that somebody else made does not, either. Raises as the views do."""
    owners = Membership.objects.filter(team_id=key.team_id, role=Role.OWNER)
    if key.created_by_id is None or not owners.filter(user_id=user_id).exists():
        return
    if not owners.filter(user_id=key.created_by_id).exists():
        raise ProvisioningRefused("Owners are changed by a key that an owner made.", "mutability", 403)


def _key_of(request: HttpRequest) -> ApiKey:
    try:
        key = verify_key(told_key(request.headers) or "", timezone.now())
    except (AuthenticationFailed, PermissionDenied) as error:
        raise ProvisioningRefused(str(error.detail), "", error.status_code) from None
    if Scope.MANAGE not in key.scopes:
        refused("key", key.prefix, f"scope {Scope.MANAGE}", "scim")
        raise ProvisioningRefused(f"This API key does not have the scope '{Scope.MANAGE}'.", "", 403)
    set_key(key)
    return key


def _response(status: int, document: Document | None) -> HttpResponse:
    response = JsonResponse(document, status=status) if document is not None else HttpResponse(status=status)
    response["Content-Type"] = CONTENT_TYPE
    if status == 201 and document is not None:
        response["Location"] = document["meta"]["location"]
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="steadyrun"'
    return response


def body_of(request: HttpRequest) -> Any:
    """The document in a request. Raises `ProvisioningRefused`."""
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


def base_address() -> str:
    """Where SCIM's addresses begin."""
    return str(settings.BASE_URL).rstrip("/")


def _shown(team_id: UUID, *people: Person) -> list[Document]:
    groups = groups_of_people(team_id, [one.user.id for one in people])
    return [messages.user_document(one, groups.get(one.user.id, []), base_address()) for one in people]


@scim_view("GET", "POST")
def users(request: HttpRequest, team_id: UUID) -> Answer:
    """The members, by page and filter; a POST adds one."""
    if request.method == "GET":
        found = provisioning.people_of(team_id, **messages.read_filter(request.GET.get("filter", "")))
        start, count = messages.read_page(request.GET.get("startIndex", ""), request.GET.get("count", ""))
        page = _shown(team_id, *found[start - 1 : start - 1 + count])
        return 200, messages.list_document(page, len(found), start)
    body = body_of(request)
    told = messages.read_user(body)
    email = str(body.get("userName") or "")
    try:
        validate_email(email)
        MaxLengthValidator(MAX_EMAIL)(email)
    except ValidationError:
        raise ProvisioningRefused("userName must be an e-mail address.", "invalidValue") from None
    made = provisioning.add_person(
        team_id=team_id,
        email=email,
        name=str(body.get("displayName") or "").replace("\x00", ""),
        external_id=(told.external_id or "").replace("\x00", ""),
        is_active=told.is_active is not False,
    )
    return 201, _shown(team_id, made)[0]


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
        return 200, _shown(team_id, found)[0]
    body = body_of(request)
    told = messages.read_patch(body) if request.method == "PATCH" else messages.read_user(body)
    external = told.external_id.replace("\x00", "") if told.external_id is not None else None
    changed = provisioning.change_person(team_id=team_id, user_id=id, is_active=told.is_active, external_id=external)
    return 200, _shown(team_id, changed)[0]
