"""Exports of a team, newest first, and one of them."""

from uuid import UUID

from billing.models import ExportJob, ExportState

LISTED = 100


def listed(team_id: UUID) -> list[ExportJob]:
    """The newest ones. Inside the team's context."""
    rows = ExportJob.objects.filter(team_id=team_id).select_related("created_by")
    return list(rows.order_by("-created_at", "id")[:LISTED])


def find(team_id: UUID, job_id: UUID) -> ExportJob | None:
    """One export; None where there is none, or no longer. Inside the team's context."""
    return ExportJob.objects.filter(team_id=team_id, id=job_id).select_related("created_by").first()


def are_at_work(team_id: UUID) -> bool:
    """Whether one waits or is being written. Inside the team's context."""
    return ExportJob.objects.filter(team_id=team_id, state__in=(ExportState.WAITING, ExportState.WRITING)).exists()
