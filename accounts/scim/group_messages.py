"""Groups as SCIM writes them (RFC 7643 section 4.2, RFC 7644 section 3.5), read and written. Pure but for the types."""

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from accounts.scim.messages import operations_of, text_of
from accounts.services.provisioned_groups import Edit, Group
from accounts.services.provisioning import ProvisioningRefused

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
_FILTER = re.compile(r'\s*(displayName|externalId|id)\s+eq\s+"([^"\\]{1,300})"\s*\Z', re.IGNORECASE)
_ONE_MEMBER = re.compile(r'members\s*\[\s*value\s+eq\s+"([^"\\]{1,64})"\s*\]\Z', re.IGNORECASE)
_SHORT = f"{GROUP}:".lower()


@dataclass(slots=True)
class GroupChange:
    """What a request asks for; None: nothing about it. `edits` come one after the other."""

    name: str | None = None
    external_id: str | None = None
    edits: list[Edit] = field(default_factory=list)


def group_document(one: Group, base: str, *, with_members: bool = True) -> dict[str, Any]:
    """A group as SCIM shows one."""
    told = {
        "schemas": [GROUP],
        "id": str(one.id),
        "externalId": one.external_id or None,
        "displayName": one.name,
        "members": [
            {
                "value": str(user.id),
                "$ref": f"{base}/scim/v2/Users/{user.id}",
                "type": "User",
                "display": user.name or user.email,
            }
            for user in one.members
        ],
        "meta": {
            "resourceType": "Group",
            "created": one.created_at.isoformat(),
            "lastModified": one.updated_at.isoformat(),
            "location": f"{base}/scim/v2/Groups/{one.id}",
        },
    }
    return told if with_members else {name: value for name, value in told.items() if name != "members"}


def shows_members(attributes: str, excluded: str) -> bool:
    """Whether `attributes` and `excludedAttributes` ask for the members."""
    wanted = {name.strip().lower() for name in attributes.split(",") if name.strip()}
    left_out = {name.strip().lower() for name in excluded.split(",")}
    return "members" not in left_out and (not wanted or any(name.startswith("members") for name in wanted))


def read_group_filter(text: str) -> dict[str, Any]:
    """The arguments of `groups_in` for a filter. Raises `ProvisioningRefused` for what is not supported."""
    if not text:
        return {}
    match = _FILTER.match(text)
    if match is None:
        raise ProvisioningRefused("Filters are displayName, externalId or id, with eq.", "invalidFilter")
    if match[1].lower() == "id":
        return {"id": _id(match[2])}
    return {"external_id" if match[1].lower() == "externalid" else "name": match[2]}


def read_group(body: Any) -> GroupChange:
    """What a whole group says (POST, PUT): who is not in it is no member."""
    if not isinstance(body, dict):
        raise ProvisioningRefused("The body must be a JSON object.", "invalidSyntax")
    change = GroupChange(edits=[Edit("set", read_members(body.get("members") or []))])
    change.name = text_of(body.get("displayName"), "displayName")
    change.external_id = text_of(body.get("externalId") or "", "externalId")
    return change


def read_group_patch(body: Any) -> GroupChange:
    """What the operations of a PATCH come to."""
    change = GroupChange()
    for one in operations_of(body):
        do, path, value = str(one.get("op", "")).lower(), one.get("path"), one.get("value")
        if do not in ("add", "replace", "remove"):
            raise ProvisioningRefused("op is add, replace or remove.", "invalidSyntax")
        if path is not None:
            _apply(change, do, _plain_path(path), value)
        elif do == "remove":
            raise ProvisioningRefused("A remove needs a path.", "noTarget")
        elif isinstance(value, dict):
            for name in (name for name in value if _plain_path(name).lower() in _KNOWN):
                _apply(change, do, _plain_path(name), value[name])
        else:
            raise ProvisioningRefused("An operation without a path needs a value of attributes.", "invalidValue")
    return change


_KNOWN = ("members", "displayname", "externalid")


def _plain_path(path: Any) -> str:
    text = str(path).strip()
    return text[len(_SHORT) :] if text.lower().startswith(_SHORT) else text


def _apply(change: GroupChange, do: str, path: str, value: Any) -> None:
    """Takes one operation into the change. Raises `ProvisioningRefused`."""
    if (one := _ONE_MEMBER.match(path)) and do == "remove":
        change.edits.append(Edit("remove", frozenset({_id(one[1])})))
    elif path.lower() == "members" and do == "remove":
        # Without a value all go; some directories name those that go in the value.
        change.edits.append(Edit("set", frozenset()) if value is None else Edit("remove", read_members(value)))
    elif path.lower() == "members":
        change.edits.append(Edit("set" if do == "replace" else "add", read_members(value)))
    elif path.lower() == "displayname" and do != "remove":
        change.name = text_of(value, "displayName")
    elif path.lower() == "displayname":
        raise ProvisioningRefused("displayName is required.", "mutability")
    elif path.lower() == "externalid":
        change.external_id = "" if do == "remove" else text_of(value, "externalId")
    else:
        raise ProvisioningRefused(f"There is nothing at the path {path[:80]}.", "invalidPath")


def read_members(value: Any) -> frozenset[UUID]:
    """The ids of members: a list of {"value": id}, or one of them."""
    told = value if isinstance(value, list) else [value]
    if not all(isinstance(one, dict) and one.get("value") for one in told):
        raise ProvisioningRefused('members is a list of {"value": id of a user}.', "invalidValue")
    return frozenset(_id(one["value"]) for one in told)


def _id(text: Any) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        raise ProvisioningRefused(f"There is no such person or group: {str(text)[:64]}.", "invalidValue") from None
