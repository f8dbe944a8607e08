"""How the status of a failure group is shown: glyph, word and tone."""

from django import template

from monitoring.analysis.triage import TriageStatus
from monitoring.templatetags.components import Sign

register = template.Library()

SIGNS = {
    TriageStatus.OPEN: Sign("flag", "Open", "run"),
    TriageStatus.REVIEWED: Sign("check", "Reviewed", "idle"),
    TriageStatus.IGNORED: Sign("stop", "Ignored", "idle"),
    TriageStatus.RESOLVED: Sign("ok", "Resolved", "ok"),
    TriageStatus.REOPENED: Sign("redo", "Reopened", "fail"),
}


@register.simple_tag
def triage_sign(status: TriageStatus) -> Sign:
    """Glyph, word and tone of a status."""
    return SIGNS[status]
