"""Matchers of routes and silences as JSON: read, checked and described once for both."""

from collections.abc import Mapping

from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions
from rest_framework import serializers as s

from alerts.analysis.matchers import MAX_LENGTH, MAX_VALUES, NAMES

_VALUES = {
    "workflow": "Slugs; names are understood",
    "environment": "Names",
    "severity": "info, warning, critical",
    "metric": "Metrics of alert rules",
    "rule": "Ids",
    "owner": "Ids of members; e-mails are understood",
    "group": "Ids of groups; names are understood",
    "tag": "Of the workflow or of the rule",
}


@extend_schema_field(
    {
        "type": "object",
        "description": "Of one list one value must fit, and each list that has one. Empty: everything",
        "additionalProperties": False,
        "properties": {
            name: {
                "type": "array",
                "description": _VALUES[name],
                "maxItems": MAX_VALUES,
                "items": {"type": "string", "maxLength": MAX_LENGTH},
            }
            for name in NAMES
        },
    }
)
class MatchersField(s.DictField):
    """Lists of values by name. What they may be the services say."""


def refused(reasons: Mapping[str, str], names: Mapping[str, str]) -> exceptions.ValidationError:
    """The reasons of a service by the fields of the document: `names` has the service's own; others are matchers."""
    found: dict[str, list[str]] = {}
    for name, why in reasons.items():
        found.setdefault(names.get(name, f"matchers.{name}"), []).append(why)
    return exceptions.ValidationError(found)
