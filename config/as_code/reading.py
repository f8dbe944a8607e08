"""Items of a file read by the serializers of the API, so that a file may say what a program may, in the same words."""

from typing import Any
from uuid import UUID

from rest_framework.serializers import Serializer

from accounts.models import MemberGroup
from alerts.reads.matchers import options_of
from alerts.reads.matchers import with_values as with_known
from config.as_code.changes import Applying, Document
from monitoring.reads.improvements import members
from monitoring.reads.workflows import named


def read_fields(kind: type[Serializer[Any]], told: Document, place: str, at: Applying) -> Document | None:
    """The fields of an item in their types; None, with the faults noted, where it says what is not understood."""
    serializer = kind(data=told)
    strangers = {str(name): "is not known here" for name in told if name not in serializer.fields}
    if not serializer.is_valid() or strangers:
        at.refuse(place, {**serializer.errors, **strangers})
        return None
    return dict(serializer.validated_data)


def with_workflow(fields: Document, place: str, at: Applying) -> Document:
    """The same with the id of a workflow in the place of its name or slug; an unknown one is noted."""
    if "workflow" not in fields:
        return fields
    told = fields.pop("workflow")
    found = named(at.team_id, told.replace("\x00", "")) if told else None
    if told and found is None:
        at.refuse(place, {"workflow": f"{told} is not known"})
    return {**fields, "workflow_id": found.id if found else None}


def labelled(team_id: UUID, matchers: Document) -> Document:
    """Matchers as a file says them: e-mails and names in the place of ids."""
    options = options_of(team_id, [name for name in ("owner", "group", "rule") if matchers.get(name)])
    return {
        name: [dict(options[name]).get(value, value) for value in values] if name in options else list(values)
        for name, values in sorted(matchers.items())
        if values
    }


def valued(team_id: UUID, matchers: Document, place: str, at: Applying) -> Document:
    """Matchers as the services take them; a name that several rules have is noted."""
    found = dict(with_known(team_id, matchers))
    if told := matchers.get("rule"):
        rules = options_of(team_id, ["rule"])["rule"]
        known = {id for id, _ in rules}
        ids = {name: [id for id, label in rules if label == name] for name in told if name not in known}
        if many := sorted(name for name, those in ids.items() if len(those) > 1):
            at.refuse(place, {"matchers": f"rule {many[0]}: several rules are called so, say its id"})
        found["rule"] = [ids[name][0] if ids.get(name) else name for name in told]
    return found


def emails(team_id: UUID) -> dict[str, UUID]:
    """Members by e-mail."""
    return {user.email: user.id for user in members(team_id)}


def groups(team_id: UUID) -> dict[str, UUID]:
    """Groups of members by name."""
    return dict(MemberGroup.objects.filter(team_id=team_id).values_list("name", "id"))
