"""Who changed what about costs, and when: the one place that every change of costs passes.

Call in the transaction of the change, inside the team's context.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from accounts import audit
from accounts.models import ApiKey, User
from billing.models import CostEvent

# Who does something: a member, an API key (it stands for its maker) or nobody, which is Steadyrun itself.
By = User | ApiKey | None
MOST_NAME = 200


class Subject(StrEnum):
    """The kinds of things that can be changed. Stored; never rename."""

    ENTRY = "entry"
    PRICE = "price"
    PRICE_CHANGE = "price change"
    DISCOUNT = "discount"
    EXCHANGE_RATE = "exchange rate"
    CURRENCY = "reporting currency"
    RESOURCE_RATE = "resource rate"
    BUDGET = "budget"
    STATEMENT = "statement"
    MONTH = "month"
    EXPORT = "export"
    COST_MAIL = "cost mail"
    TAGS = "cost tags"
    FIRST_RATING = "first rating"


def user_of(by: By) -> User | None:
    """The person: of an API key the one who made it."""
    return by.created_by if isinstance(by, ApiKey) else by


def record(
    team_id: UUID, subject: Subject, subject_id: object, what: str, *, by: By, now: datetime, **detail: Any
) -> CostEvent:
    """Writes down that something was changed, here and in the audit log. `detail` are its values; amounts and days are
    kept as text."""
    kept = {name: _plain(value) for name, value in detail.items() if value not in (None, "")}
    name = str(kept.get("name") or subject_id)
    audit.record(f"{subject.value.replace(' ', '_')}.{what}", (subject.value, subject_id, name), after=kept, at=now)
    return CostEvent.objects.create(
        team_id=team_id,
        at=now,
        by=user_of(by),
        key_name=by.name[:MOST_NAME] if isinstance(by, ApiKey) else "",
        subject=subject,
        subject_id=str(subject_id)[:MOST_NAME],
        what=what,
        detail=kept,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    return value
