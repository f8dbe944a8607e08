"""Cost lines for tests, put in as the fold would, with their rollups."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from accounts.models import Team
from accounts.tenancy import team_context
from billing.models import CostBasis, CostLine, TagSet
from billing.store.rollups import fold_days
from monitoring.identity import LabelKind, derive_number, label_id, workflow_id
from monitoring.models import Label, Workflow

HOUR = datetime(2026, 8, 12, 10, 0, tzinfo=UTC)
_numbers = count(1)
_LABELS = {
    "environment": LabelKind.ENVIRONMENT,
    "release": LabelKind.RELEASE,
    "node": LabelKind.NODE,
    "provider": LabelKind.PROVIDER,
    "model": LabelKind.MODEL,
    "system": LabelKind.SYSTEM,
}


def _label(team: Team, kind: LabelKind, text: str) -> int:
    found = label_id(kind, text)
    Label.objects.get_or_create(team_id=team.id, id=found, defaults={"kind": kind, "value": text})
    return found


def add_line(team: Team, *, workflow: str = "nightly", tags: dict[str, str] | None = None, **told: Any) -> CostLine:
    """A priced line of ten calls, $0.25, of `gpt-5` by `openai`, unless told otherwise; names instead of label ids."""
    names = {"environment": "production", "node": "work", "provider": "openai", "model": "gpt-5"}
    names |= {name: told.pop(name) for name in _LABELS if name in told}
    hour: datetime = told.pop("hour", HOUR)
    values: dict[str, Any] = {
        "basis": CostBasis.PRICED,
        "hour": hour,
        "booked_on": hour.date(),
        "calls": 10,
        "input_tokens": 1000,
        "output_tokens": 100,
        "cost_usd": Decimal("0.25"),
        "priced_usd": Decimal("0.25"),
        "list_usd": Decimal("0.25"),
        "billed": Decimal("0.25"),
        "folded_at": hour,
        **told,
    }
    with team_context(team.id):
        found = workflow_id(team.id, workflow)
        Workflow.objects.get_or_create(id=found, defaults={"team_id": team.id, "name": workflow, "slug": workflow})
        values["workflow_id"] = found
        values |= {f"{name}_id": _label(team, _LABELS[name], text) for name, text in names.items() if text}
        values["tag_set_id"] = _tag_set(team, tags or {})
        line = CostLine(team_id=team.id, id=derive_number("test line", str(next(_numbers))), **values)
        line.save(force_insert=True)
        fold_days(team.id, [line.booked_on], hour)
    return line


def _tag_set(team: Team, tags: dict[str, str]) -> int:
    if not tags:
        return 0
    texts = [f"{key}={value}" for key, value in sorted(tags.items())]
    values = [_label(team, LabelKind.TAG, text) for text in texts]
    found = derive_number("tags", *texts)
    TagSet.objects.get_or_create(team_id=team.id, id=found, defaults={"tags": tags, "value_ids": values})
    return found
