"""What of SCIM is here, as a directory asks for it (RFC 7644 section 4): abilities, kinds of resources, schemas."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest

from accounts.scim import messages
from accounts.scim.group_messages import GROUP
from accounts.scim.messages import USER
from accounts.scim.views import Answer, Document, base_address, scim_view
from accounts.services.provisioning import ProvisioningRefused

CORE = "urn:ietf:params:scim:schemas:core:2.0"
_WORDS = {USER: ("User", "Users", "A member"), GROUP: ("Group", "Groups", "A group of a directory")}


def _attribute(name: str, kind: str = "string", **told: Any) -> Document:
    """An attribute as RFC 7643 section 7 describes one."""
    usual = {"multiValued": False, "required": False, "mutability": "readWrite", "returned": "default"}
    text = {"caseExact": False, "uniqueness": "none"} if kind == "string" else {}
    return {"name": name, "type": kind, "description": "", **usual, **text, **told}


def _people(name: str, mutability: str, *parts: Document) -> Document:
    return _attribute(name, "complex", multiValued=True, mutability=mutability, subAttributes=list(parts))


_VALUE, _DISPLAY = _attribute("value"), _attribute("display", mutability="readOnly")
_ATTRIBUTES = {
    USER: [
        _attribute("userName", required=True, mutability="immutable", uniqueness="server"),
        _attribute("displayName"),
        _attribute("active", "boolean"),
        _people("emails", "readOnly", _VALUE, _attribute("primary", "boolean")),
        _people("groups", "readOnly", _VALUE, _DISPLAY),
        _people("roles", "readOnly", _VALUE),
    ],
    GROUP: [
        _attribute("displayName", required=True, uniqueness="server"),
        _people("members", "readWrite", _attribute("value", mutability="immutable"), _DISPLAY),
    ],
}


def _kind(schema: str) -> Document:
    name, endpoint, words = _WORDS[schema]
    return {
        "schemas": [f"{CORE}:ResourceType"],
        "id": name,
        "name": name,
        "endpoint": f"/{endpoint}",
        "description": words,
        "schema": schema,
        "meta": {"resourceType": "ResourceType", "location": f"{base_address()}/scim/v2/ResourceTypes/{name}"},
    }


def _schema(schema: str) -> Document:
    name, _, words = _WORDS[schema]
    return {
        "schemas": [f"{CORE}:Schema"],
        "id": schema,
        "name": name,
        "description": words,
        "attributes": _ATTRIBUTES[schema],
        "meta": {"resourceType": "Schema", "location": f"{base_address()}/scim/v2/Schemas/{schema}"},
    }


@scim_view("GET")
def resource_types(request: HttpRequest, team_id: UUID, id: str = "") -> Answer:
    """The kinds of resources: users and groups."""
    return _one_or_all([_kind(schema) for schema in _WORDS], id)


@scim_view("GET")
def schemas(request: HttpRequest, team_id: UUID, id: str = "") -> Answer:
    """What is kept of them."""
    return _one_or_all([_schema(schema) for schema in _WORDS], id)


def _one_or_all(found: list[Document], id: str) -> Answer:
    if not id:
        return 200, messages.list_document(found, len(found), 1)
    one = next((one for one in found if one["id"] == id), None)
    if one is None:
        raise ProvisioningRefused("There is no such description.", "", 404)
    return 200, one


@scim_view("GET")
def service_provider_config(request: HttpRequest, team_id: UUID) -> Answer:
    """The abilities: users, groups, PATCH and one kind of filter."""
    none = {"supported": False}
    return 200, {
        "schemas": [f"{CORE}:ServiceProviderConfig"],
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
