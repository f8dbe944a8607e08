"""The retention policy of a team: read with its defaults, checked, saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import formats
from accounts.models import RetentionPolicy
from accounts.tenancy import team_context

MAX_DAYS = 3_650


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a limit may be, in days: below `recommended` it asks for a reason, below `least` it is refused."""

    title: str
    least: int
    recommended: int


BOUNDS: Mapping[str, Bounds] = {
    "production_days": Bounds(gettext_noop("Production"), 7, 30),
    "debug_days": Bounds(gettext_noop("Debug"), 7, 14),
    "payload_days": Bounds(gettext_noop("Payloads and log lines"), 1, 7),
    "metrics_days": Bounds(gettext_noop("Figures"), 30, 180),
    "delivery_days": Bounds(gettext_noop("Deliveries"), 1, 7),
    "audit_days": Bounds(gettext_noop("Audit log"), 31, 180),
}


class PolicyRefused(Exception):
    """A policy that cannot be saved: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


def policy_of(team_id: UUID) -> RetentionPolicy:
    """The policy of a team; one with the defaults, not saved, where it has none."""
    with team_context(team_id):
        return RetentionPolicy.objects.filter(team_id=team_id).first() or RetentionPolicy(team_id=team_id)


def faults(policy: RetentionPolicy) -> dict[str, str]:
    """What is wrong with a policy, by field; empty when it can be saved."""
    found: dict[str, str] = {}
    for name, bounds in BOUNDS.items():
        days = getattr(policy, name)
        if days is not None and not bounds.least <= days <= MAX_DAYS:
            told = _("must be {least} to {most} days")
            found[name] = told.format(least=bounds.least, most=formats.count(MAX_DAYS))
    if not found and policy.metrics_days < max(policy.production_days, policy.debug_days):
        found["metrics_days"] = _("must be at least as long as records are kept")
    if (low := below_recommended(policy)) and not policy.reason.strip():
        names = ", ".join(_(BOUNDS[name].title).lower() for name in low)
        found["reason"] = _("must be told: below what is recommended for {names}").format(names=names)
    return found


def below_recommended(policy: RetentionPolicy) -> list[str]:
    """The limits that are below what is recommended."""
    told = ((name, getattr(policy, name), bounds.recommended) for name, bounds in BOUNDS.items())
    return [name for name, days, least in told if days is not None and days < least]


def save_policy(*, team_id: UUID, values: Mapping[str, Any], now: datetime) -> RetentionPolicy:
    """Changes the fields that are told, and saves. Raises `PolicyRefused`."""
    with team_context(team_id):
        policy = RetentionPolicy.objects.select_for_update().filter(team_id=team_id).first()
        policy = policy or RetentionPolicy(team_id=team_id)
        for name, value in values.items():
            setattr(policy, name, value)
        if not below_recommended(policy):
            policy.reason = ""
        if reasons := faults(policy):
            raise PolicyRefused(reasons)
        policy.updated_at = now
        policy.save()
        return policy
