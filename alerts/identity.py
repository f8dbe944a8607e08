"""Ids of alerts that derive from what they are about."""

from uuid import UUID

from monitoring.identity import derive_uuid


def subject_id(rule_id: UUID, workflow_id: UUID | None, value: str) -> UUID:
    """The id of what a rule looks at: a workflow, a value of its scope, both, or (neither) the whole team."""
    return derive_uuid(rule_id.bytes, "subject", workflow_id.bytes if workflow_id else b"", value)
