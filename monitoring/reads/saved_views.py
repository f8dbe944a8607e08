"""Saved views that a member sees, with who made them; one query whatever their number."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from accounts.statements import run_prepared
from monitoring.models import ViewPage
from monitoring.reads.people import SOMEBODY_REMOVED, shown_name

_VIEWS = f"""SELECT v.id, v.page, w.slug, w.name, v.name, v.query, v.is_shared, v.made_by_id = %(user)s,
        COALESCE(u.email, '{SOMEBODY_REMOVED}'), d.id IS NOT NULL
    FROM saved_view v
    LEFT JOIN workflow w ON w.team_id = v.team_id AND w.id = v.workflow_id
    LEFT JOIN accounts_user u ON u.id = v.made_by_id
    LEFT JOIN default_view d ON d.team_id = v.team_id AND d.view_id = v.id AND d.user_id = %(user)s
    WHERE v.team_id = %(team)s AND (v.made_by_id = %(user)s OR v.is_shared)"""
_OF_TEAM = f"{_VIEWS} ORDER BY v.made_by_id <> %(user)s, lower(v.name), v.id"
_OF_PAGE = f"""{_VIEWS} AND v.page = %(page)s AND v.workflow_id IS NOT DISTINCT FROM %(workflow)s::uuid
    ORDER BY v.made_by_id <> %(user)s, lower(v.name), v.id"""
_DEFAULT = """SELECT v.query FROM default_view d JOIN saved_view v ON v.team_id = d.team_id AND v.id = d.view_id
    WHERE d.team_id = %(team)s AND d.user_id = %(user)s AND d.page = %(page)s
        AND d.workflow_id IS NOT DISTINCT FROM %(workflow)s::uuid AND (v.is_shared OR v.made_by_id = d.user_id)"""


@dataclass(frozen=True, slots=True)
class ViewRow:
    """A saved view. `workflow_slug` and `workflow` are None on pages of all workflows; `query` has no `?`."""

    id: UUID
    page: str
    workflow_slug: str | None
    workflow: str | None
    name: str
    query: str
    is_shared: bool
    is_own: bool
    made_by: str
    is_default: bool


def views_of_team(team_id: UUID, user_id: UUID) -> list[ViewRow]:
    """All views that a member sees, own ones first."""
    return _rows(_OF_TEAM, {"team": team_id, "user": user_id})


def views_of_page(team_id: UUID, user_id: UUID, page: ViewPage, workflow_id: UUID | None = None) -> list[ViewRow]:
    """Those of one page."""
    params = {"team": team_id, "user": user_id, "page": page.value, "workflow": workflow_id}
    return _rows(_OF_PAGE, params)


def _rows(sql: str, params: dict[str, Any]) -> list[ViewRow]:
    rows = (ViewRow(*row) for row in run_prepared(sql, params))
    return [replace(row, made_by=shown_name(row.made_by)) for row in rows]


def default_query(team_id: UUID, user_id: UUID, page: ViewPage, workflow_id: UUID | None = None) -> str | None:
    """The query that a page opens with for a member; None for none."""
    params = {"team": team_id, "user": user_id, "page": page.value, "workflow": workflow_id}
    rows = run_prepared(_DEFAULT, params)
    return str(rows[0][0]) if rows else None
