"""What SCIM says, read and written. Pure but for the types."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.services.provisioning import Person, ProvisioningRefused

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
MAX_COUNT = 200
MAX_OPERATIONS = 1_000
_FILTER = re.compile(r'\s*(userName|externalId|emails(?:\.value)?)\s+eq\s+"([^"\\]{1,300})"\s*\Z', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Change:
    """What a request asks for; None: nothing about it."""

    is_active: bool | None = None
    external_id: str | None = None


def user_document(one: Person, groups: Sequence[tuple[UUID, str]], base: str) -> dict[str, Any]:
    """A member as SCIM shows one, with ids and names of their groups."""
    return {
        "schemas": [USER],
        "id": str(one.user.id),
        "externalId": one.external_id or None,
        "userName": one.user.email,
        "displayName": one.user.name or one.user.email,
        "emails": [{"value": one.user.email, "primary": True}],
        "active": one.is_active,
        "roles": [{"value": one.role}],
        "groups": [
            {"value": str(id), "$ref": f"{base}/scim/v2/Groups/{id}", "display": name, "type": "direct"}
            for id, name in groups
        ],
        "meta": {
            "resourceType": "User",
            "created": one.created_at.isoformat(),
            "location": f"{base}/scim/v2/Users/{one.user.id}",
        },
    }


def list_document(page: Sequence[dict[str, Any]], total: int, start: int) -> dict[str, Any]:
    """A page of documents; `start` counts from one."""
    return {
        "schemas": [LIST],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(page),
        "Resources": list(page),
    }


def error_document(refused: ProvisioningRefused) -> dict[str, Any]:
    """A refusal."""
    told = {"schemas": [ERROR], "status": str(refused.status), "detail": str(refused)}
    return {**told, "scimType": refused.kind} if refused.kind else told


def read_filter(text: str) -> dict[str, str]:
    """The arguments of `people_of` for a filter. Raises `ProvisioningRefused` for what is not supported."""
    if not text:
        return {}
    match = _FILTER.match(text)
    if match is None:
        raise ProvisioningRefused("Filters are userName, emails or externalId, with eq.", "invalidFilter")
    return {"external_id" if match[1].lower() == "externalid" else "email": match[2]}


def read_page(start: str, count: str) -> tuple[int, int]:
    """`startIndex` and `count`, as RFC 7644 bounds them."""
    try:
        return max(int(start or 1), 1), min(max(int(count or MAX_COUNT), 0), MAX_COUNT)
    except ValueError:
        raise ProvisioningRefused("startIndex and count are numbers.", "invalidValue") from None


def read_user(body: Any) -> Change:
    """What a whole user says (POST, PUT)."""
    if not isinstance(body, dict):
        raise ProvisioningRefused("The body must be a JSON object.", "invalidSyntax")
    external = body.get("externalId")
    active = body.get("active")
    return Change(None if active is None else _truth(active), None if external is None else str(external))


def read_patch(body: Any) -> Change:
    """What the operations of a PATCH come to. What we do not keep is passed over, as directories send it anyway."""
    told: dict[str, Any] = {}
    for one in operations_of(body):
        path, value = one.get("path"), one.get("value")
        if str(one.get("op", "")).lower() not in ("add", "replace"):
            continue
        told |= value if path is None and isinstance(value, dict) else {str(path): value}
    return read_user({name: told[name] for name in ("active", "externalId") if name in told})


def operations_of(body: Any) -> list[dict[str, Any]]:
    """The operations of a PATCH. Raises `ProvisioningRefused`."""
    operations = body.get("Operations") if isinstance(body, dict) else None
    if not isinstance(operations, list) or not all(isinstance(one, dict) for one in operations):
        raise ProvisioningRefused("A PATCH needs a list of Operations.", "invalidSyntax")
    if len(operations) > MAX_OPERATIONS:
        raise ProvisioningRefused(f"A PATCH has at most {MAX_OPERATIONS} operations.", "tooMany")
    return operations


def text_of(value: Any, name: str) -> str:
    """A text that is told, without NUL. Raises `ProvisioningRefused`."""
    if not isinstance(value, str):
        raise ProvisioningRefused(f"{name} is a text.", "invalidValue")
    return value.replace("\x00", "")


def _truth(value: Any) -> bool:
    """A truth value; some directories send it as a word."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ProvisioningRefused("active is true or false.", "invalidValue")
