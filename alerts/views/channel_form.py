"""The form of a channel: what its kind asks for, filled from what is kept, without secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext as _

from alerts.channels.contract import Channel as Kind
from alerts.channels.contract import Field
from alerts.reads.channels import groups, people
from alerts.services.channels import Wanted

MAX_LINES = 200


@dataclass(frozen=True, slots=True)
class FormField:
    """A field as the page shows it. `kept`: a secret that is set; `options`: (value, label, chosen)."""

    field: Field
    value: str
    reason: str
    is_kept: bool = False
    options: Sequence[tuple[str, str, bool]] = ()

    @property
    def id(self) -> str:
        """Of its element."""
        return f"channel-{self.field.name}"

    @property
    def clear_name(self) -> str:
        """Of the box that takes a kept secret away."""
        return f"clear-{self.field.name}"

    @property
    def shape(self) -> str:
        """Which element it is: boxes, select, lines, secret or text."""
        if self.field.name in ("members", "groups"):
            return "boxes"
        if self.field.choices:
            return "select"
        if self.field.is_lines:
            return "lines"
        return "secret" if self.field.is_secret else "text"


def wanted_of(kind: Kind, told: QueryDict) -> Wanted:
    """What was entered."""
    settings: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    for field in kind.fields:
        if field.is_secret:
            secrets[field.name] = told.get(field.name, "").strip()
        elif field.is_lines:
            lines = [line.strip() for text in told.getlist(field.name) for line in text.splitlines()]
            settings[field.name] = list(dict.fromkeys(line for line in lines if line))[:MAX_LINES]
        else:
            settings[field.name] = told.get(field.name, "").strip()
    cleared = frozenset(field.name for field in kind.fields if told.get(f"clear-{field.name}") == "on")
    is_active = told.get("is_active") == "on"
    return Wanted(kind.kind, told.get("name", "").strip(), settings, secrets, cleared, is_active)


def form_fields(
    team_id: UUID,
    kind: Kind,
    settings: Mapping[str, Any],
    reasons: Mapping[str, str],
    kept_names: Sequence[str] = (),
) -> list[FormField]:
    """The fields with their values; secrets only as set or not set."""
    options = {"members": people, "groups": groups}
    found = []
    for field in kind.fields:
        value = settings.get(field.name) or ""
        choices = options[field.name](team_id) if field.name in options else field.options
        chosen = value if isinstance(value, list) else [value]
        found.append(
            FormField(
                field,
                "" if field.is_secret else "\n".join(value) if isinstance(value, list) else str(value),
                reasons.get(field.name, ""),
                field.name in kept_names,
                [(one, label, one in chosen) for one, label in choices],
            )
        )
    # Without members in groups there is nothing to choose.
    return [one for one in found if one.field.name != "groups" or one.options]


def told_reasons(kind: Kind, reasons: Mapping[str, str]) -> list[str]:
    """Why it was not saved, by the labels of the fields."""
    labels = {"name": _("Name"), **{field.name: field.label for field in kind.fields}}
    told = _("{field} {reason}.")
    return [told.format(field=labels.get(name, name), reason=reason.rstrip(".")) for name, reason in reasons.items()]
