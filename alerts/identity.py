"""Ids of alerts that derive from what they are about."""

from uuid import UUID

from monitoring.identity import derive_uuid


def subject_id(rule_id: UUID, workflow_id: UUID | None, value: str) -> UUID:
    """The id of what a rule looks at: a workflow, a value of its scope, both, or (neither) the whole team."""
    return derive_uuid(rule_id.bytes, "subject", workflow_id.bytes if workflow_id else b"", value)


def dependency_id(team_id: UUID, kind: str, value: str, environment: str) -> UUID:
    """The id of the subject of an incident that stands for a dependency in one environment (empty: in all)."""
    return derive_uuid(team_id.bytes, "dependency", kind, value, environment)
