"""Failures like one: a page, and by htmx the part of Replay that shows the same."""

import uuid
from typing import Any

from django.http import Http404, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring import wording
from monitoring.filters import Choice, Filters
from monitoring.presentation import Link
from monitoring.reads.executions import rows_by_id
from monitoring.reads.similar import Near, Similar, similar


@team_page(Permission.VIEW_FIGURES)
@require_safe
def similar_failures(request: TeamRequest, execution: uuid.UUID) -> HttpResponseBase:
    """Failures of the same group, with the same error elsewhere, at the same step, and with the nearest path."""
    found = similar(request.team.id, execution, timezone.now())
    rows = rows_by_id(request.team.id, [execution])
    if not rows:
        raise Http404("No such execution.")
    context = {"execution": rows[0], "similar": found, **(_shown(request, rows[0].id, rows[0].environment, found))}
    template = "replay/_similar_found.html" if getattr(request, "htmx", None) else "replay/similar.html"
    response = TemplateResponse(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _shown(request: TeamRequest, id: uuid.UUID, environment: str, found: Similar | None) -> dict[str, Any]:
    """Each list as links with counts."""
    if found is None:
        return {}
    address = reverse("executions", args=[request.team.slug])

    def href(**choices: str) -> str:
        told = {name: Choice((value,)) for name, value in {"env": environment, **choices}.items()}
        return address + Filters(found.window, told).query(status=["failed", "timed_out"])

    slug = found.workflow_slug or ""
    in_group = (
        [Link(_in_group(found.in_group), href(group=str(found.group_id)))] if found.in_group and found.group_id else []
    )
    return {
        "in_group": in_group,
        "elsewhere": [
            (one.name, Link(_failures(one.count), href(workflow=one.slug, error=found.error or "")))
            for one in found.elsewhere
        ],
        "at_step": [
            (one.name, Link(_failures(one.count), href(workflow=slug, step=found.node or "", error=one.name)))
            for one in found.at_step
        ],
        "nearest": [_near(request, id, near) for near in found.nearest],
    }


def _near(request: TeamRequest, id: uuid.UUID, near: Near) -> dict[str, Any]:
    slug = request.team.slug
    return {
        "row": near.row,
        "href": reverse("replay", args=[slug, near.row.id]),
        "likeness": wording.percent(near.likeness, 0),
        "compare_href": reverse("compare_executions", args=[slug, id, near.row.id]),
    }


def _failures(number: int) -> str:
    return ngettext("{count} failure", "{count} failures", number).format(count=wording.count(number))


def _in_group(number: int) -> str:
    words = ngettext("{count} failure of the same group", "{count} failures of the same group", number)
    return words.format(count=wording.count(number))
