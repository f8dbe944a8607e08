"""What the pages of one source share: finding it, its tabs, its words. Addresses are secrets and shown to managers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.access import TeamRequest
from accounts.models import Team
from accounts.permissions import Permission
from ingestion.kinds import KINDS, Completeness, SourceKind
from ingestion.reads.sources import SourceFacts, State, find
from ingestion.services.sources import report_address, takes_secret
from monitoring import wording
from monitoring.presentation import Link
from monitoring.templatetags.components import Sign

SIGNS: dict[State, Sign] = {
    State.KEY_GONE: Sign("lock", gettext_noop("Key no longer valid"), "fail"),
    State.SILENT: Sign("warn", gettext_noop("Silent"), "warn"),
    State.WAITING: Sign("clock", gettext_noop("Waiting for the first report"), "idle"),
    State.REPORTING: Sign("ok", gettext_noop("Reporting"), "ok"),
    State.OFF: Sign("stop", gettext_noop("Switched off"), "idle"),
}
# Name of the address, label, who may see it.
TABS: tuple[tuple[str, str, Permission], ...] = (
    ("source", gettext_noop("Ledger"), Permission.VIEW_FIGURES),
    ("source_refused", gettext_noop("Rejected"), Permission.VIEW_FIGURES),
    ("source_attributes", gettext_noop("Unknown attributes"), Permission.VIEW_FIGURES),
    ("source_lines", gettext_noop("Loose lines"), Permission.VIEW_PAYLOADS),
    ("source_metrics", gettext_noop("Metrics"), Permission.VIEW_FIGURES),
    ("source_setup", gettext_noop("Set-up"), Permission.VIEW_FIGURES),
    ("source_settings", gettext_noop("Settings"), Permission.MANAGE_KEYS),
)

# Webhooks only.
HOOK_TABS: tuple[tuple[str, str, Permission], ...] = (
    ("source_deliveries", gettext_noop("Deliveries"), Permission.VIEW_PAYLOADS),
    ("source_mapping", gettext_noop("Mapping"), Permission.MANAGE_WORKFLOWS),
)


def is_hook(facts: SourceFacts) -> bool:
    """Whether the source takes webhooks, which are kept and can be mapped."""
    return KINDS[facts.kind].path == KINDS[SourceKind.GENERIC].path


def open_source(request: TeamRequest, source_id: UUID) -> SourceFacts:
    """The source in the address. Raises `Http404` for one of another team."""
    facts = find(request.team.id, source_id)
    if facts is None:
        raise Http404("No such source.")
    return facts


def frame(request: TeamRequest, facts: SourceFacts, current: str, now: datetime) -> dict[str, Any]:
    """The context that every page of a source needs; `current` names its tab."""
    may_manage = request.membership.allows(Permission.MANAGE_KEYS)
    return {
        "source": facts,
        "sign": SIGNS[facts.state(now)],
        "kind": KINDS[facts.kind].spoken(),
        "told_by": told_by(facts, whole=may_manage),
        "completeness": completeness_words(facts),
        "takes_secret": takes_secret(facts.kind),
        "may_manage": may_manage,
        "may_read_payloads": request.membership.allows(Permission.VIEW_PAYLOADS),
        "tabs": _tabs(request, facts, current),
    }


def _tabs(request: TeamRequest, facts: SourceFacts, current: str) -> list[Link]:
    own = (*TABS[:2], *HOOK_TABS, *TABS[2:]) if is_hook(facts) else TABS
    return [
        Link(_(label), source_href(request.team, facts.id, name), name == current)
        for name, label, permission in own
        if request.membership.allows(permission)
    ]


def source_href(team: Team, source_id: UUID, name: str = "source") -> str:
    """The address of a page of a source."""
    return reverse(name, args=[team.slug, source_id])


def told_by(facts: SourceFacts, *, whole: bool) -> str:
    """What a source is told by: the start of its key, or its address, whose end stays hidden unless `whole`."""
    if facts.address and whole:
        return report_address(facts.kind, facts.address)
    if facts.address:
        return KINDS[facts.kind].path.format(address=f"{facts.address[:4]}\N{HORIZONTAL ELLIPSIS}")
    return f"sr_{facts.key_prefix}_\N{HORIZONTAL ELLIPSIS}" if facts.key_prefix else _("key removed")


def completeness_words(facts: SourceFacts) -> str:
    """How whole the reports are, where they are not complete."""
    if facts.is_detected:
        told = wording.completeness(Completeness.SAMPLED, facts.detected_lowest, facts.detected_highest)
        return _("{how_whole}, detected").format(how_whole=told.capitalize())
    return wording.completeness(facts.completeness, facts.sample_rate).capitalize()
