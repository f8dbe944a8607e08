"""How the status of a failure group is shown: glyph, word and tone."""

from django import template
from django.utils.translation import gettext_noop

from monitoring.analysis.triage import TriageStatus
from monitoring.templatetags.components import Sign

register = template.Library()

SIGNS = {
    TriageStatus.OPEN: Sign("flag", gettext_noop("Open"), "run"),
    TriageStatus.REVIEWED: Sign("check", gettext_noop("Reviewed"), "idle"),
    TriageStatus.IGNORED: Sign("stop", gettext_noop("Ignored"), "idle"),
    TriageStatus.RESOLVED: Sign("ok", gettext_noop("Resolved"), "ok"),
    TriageStatus.REOPENED: Sign("redo", gettext_noop("Reopened"), "fail"),
}


@register.simple_tag
def triage_sign(status: TriageStatus) -> Sign:
    """Glyph, word and tone of a status."""
    return SIGNS[status]
