"""Findings in words: kinds, statuses, the next step, and the way to the runs that they are about."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from monitoring import wording
from monitoring.identity import PRODUCTION
from monitoring.models import FindingKind, FindingStatus
from monitoring.reads.concentration import HOURS
from monitoring.reads.findings import FindingRow
from monitoring.reads.kinds import kind_named
from monitoring.views.figures import per_week

ICONS = {
    FindingKind.CONCENTRATION: "filter",
    FindingKind.DIVERGENCE: "fork",
    FindingKind.CAUSE: "flag",
    FindingKind.TAIL: "clock",
    FindingKind.COST: "coin",
    FindingKind.RETRIES: "redo",
    FindingKind.SCHEDULE: "cal",
}
STATUS_SIGNS = {
    FindingStatus.OPEN: ("fail", "fail"),
    FindingStatus.GONE: ("ok", "ok"),
    FindingStatus.DISMISSED: ("idle", "skip"),
}
# What to do, by the advice that says to change something.
STEPS = {
    "timeout": gettext_noop("Set a timeout"),
    "timeout and second try": gettext_noop("Try slow ones again"),
    "retry and back-off": gettext_noop("Change the retries"),
    "node design": gettext_noop("Handle this input"),
    "tool invocation": gettext_noop("Tighten the tool call"),
    "model choice": gettext_noop("Choose another model"),
    "webhook and schedule": gettext_noop("Set the trigger"),
}
_SEE = {
    "failed": gettext_noop("See the failures"),
    "slow": gettext_noop("See the slow runs"),
    "expensive": gettext_noop("See the expensive runs"),
    "retried": gettext_noop("See the retried runs"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A finding as the table shows it."""

    finding: FindingRow
    href: str
    icon: str
    status_tone: str
    status_icon: str
    where: str
    began: str
    runs: str
    money: str
    worth: str
    advice: str
    next_words: str
    next_href: str


def row_of(team_slug: str, one: FindingRow) -> Row:
    """A finding, ready to show."""
    tone, icon = STATUS_SIGNS[one.status]
    href = reverse("finding", args=[team_slug, one.id])
    change = one.change
    return Row(
        finding=one,
        href=href,
        icon=ICONS[one.kind],
        status_tone=tone,
        status_icon=icon,
        where=one.environment if one.environment != PRODUCTION else "",
        began=str(one.evidence.get("began", "")),
        runs=per_week(one.executions_per_week),
        money=money(one.cost_per_week_usd),
        worth=per_week(one.worth),
        advice=str(change["sentence"]) if change else "",
        next_words=_(STEPS[change["kind"]]) if change else see_words(one),
        next_href=f"{href}#advice" if change else runs_href(team_slug, one),
    )


def split_sentence(sentence: str) -> tuple[str, str]:
    """What to do, and why: advice says the one, a colon, and the other."""
    what, _colon, why = sentence.partition(": ")
    return (f"{what.rstrip('.')}.", why[:1].upper() + why[1:])


def money(usd: Decimal | None) -> str:
    """US dollars a week; not told where nobody priced the runs."""
    return wording.usd(usd)


def see_words(one: FindingRow) -> str:
    """What the link to the runs says."""
    return _(_SEE.get(str(one.evidence.get("of")), gettext_noop("See the runs")))


def runs_href(team_slug: str, one: FindingRow) -> str:
    """The runs that a finding is about, of the week up to now: on Failures, or in the list of executions."""
    of = str(one.evidence.get("of", "failed"))
    pairs: list[tuple[str, str]] = [("from", "now-7d"), ("to", "now")]
    if one.environment != PRODUCTION:
        pairs.append(("env", one.environment))
    pairs += _filters(one.evidence.get("where", {}))
    if of in ("failed", "slow", "expensive"):
        pairs += [("of", of)] if of != "failed" else []
        return reverse("failures", args=[team_slug, one.workflow_slug]) + "?" + urlencode(pairs)
    pairs += [("workflow", one.workflow_slug), *([("retried", "yes")] if of == "retried" else [])]
    return reverse("executions", args=[team_slug]) + "?" + urlencode(pairs)


def _filters(where: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The values of a finding as query parameters."""
    pairs = []
    for attribute, value in sorted(where.items()):
        if attribute == "hour":
            pairs += [("hour", f"{number - 1}@UTC") for number, text in HOURS.items() if text == value]
        elif param := kind_named(attribute).param:
            pairs.append((param, str(value)))
        else:
            pairs.append(("field", f"{attribute}={value}"))
    return pairs


def plan_href(team_slug: str, finding_id: UUID) -> str:
    """Where an improvement is planned from a finding."""
    return f"{reverse('plan_improvement', args=[team_slug])}?{urlencode({'finding': finding_id})}"
