"""Rates usage that never had a price, in its records, once somebody has said what it costs.

What is to be done stands in `first_rating`, so a task that is lost or killed loses nothing but its open batch. Records
that retention removed stay without a price.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import localcontext
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.tenancy import team_context
from billing.analysis.pricing import find_price
from billing.analysis.rating import rate_usage
from billing.analysis.usage import Usage
from billing.models import FirstRating
from billing.services.history import By, Subject, record
from billing.store.exchange import usd_of
from billing.store.price_book import prices_of
from monitoring.store.fields import TOKEN_NAMES
from monitoring.store.first_prices import (
    FIRST_ID,
    FirstPrice,
    Unpriced,
    count_hours,
    next_hours,
    price_hour,
)
from monitoring.store.labels import values_of_labels
from monitoring.store.rollups import Bucket

# Other processes may still write by the prices that they remember.
DELAY = timedelta(seconds=10)
BATCH = 200
_PROGRESS = (
    *("hour_count", "done_count", "rated_count", "left_count", "finished_at"),
    *("cursor_hour", "cursor_workflow_id", "cursor_environment_id", "cursor_execution_id"),
)
# Parts of usage that few tell, as records keep them, by the field of `Usage`.
_PARTS = {
    "cache_write_1h_tokens": "cache_write_1h",
    "input_audio_tokens": "input_audio",
    "input_image_tokens": "input_image",
    "output_audio_tokens": "output_audio",
    "output_image_tokens": "output_image",
}


@transaction.atomic
def request_rating(team_id: UUID, names: tuple[int, int], now: datetime, by: By = None) -> None:
    """Has what these provider and model (label ids, 0: none told) used without a price rated, from the start."""
    FirstRating.objects.filter(team_id=team_id, provider_id=names[0], model_id=names[1]).delete()
    FirstRating.objects.create(
        team_id=team_id, provider_id=names[0], model_id=names[1], requested_at=now, due_at=now + DELAY
    )
    about = {"provider_id": str(names[0]), "model_id": str(names[1])}
    record(team_id, Subject.FIRST_RATING, "", "asked", by=by, now=now, **about)


def rate_due(now: datetime, *, seconds: float) -> int:
    """Works on what is due for about this long; how many steps were rated."""
    due = FirstRating.objects.filter(finished_at__isnull=True, due_at__lte=now).order_by("due_at", "model_id")
    until, total = time.monotonic() + seconds, 0
    for team_id, provider_id, model_id in list(due.values_list("team_id", "provider_id", "model_id")):
        while time.monotonic() < until:
            rated = rate_batch(team_id, (provider_id, model_id), timezone.now())
            if rated is None:
                break
            total += rated
    return total


def rate_batch(team_id: UUID, names: tuple[int, int], now: datetime, *, limit: int = BATCH) -> int | None:
    """Rates the next executions in one transaction; how many steps, or None where there is nothing (left) to do."""
    with team_context(team_id):
        rows = FirstRating.objects.select_for_update(skip_locked=True)
        key = {"team_id": team_id, "provider_id": names[0], "model_id": names[1]}
        one = rows.filter(**key, finished_at__isnull=True).first()
        if one is None:
            return None
        if one.hour_count is None:
            one.hour_count = count_hours(team_id, one.model_id)
        hour, after = _place(team_id, one)
        rated = 0
        if hour is None:
            one.finished_at = now
        else:
            done = price_hour(team_id, hour, names, _rater(team_id, names), now, after=after, limit=limit)
            rated = done.rated
            one.rated_count += done.rated
            one.left_count += done.left
            one.done_count += done.after is None
            one.cursor_hour, one.cursor_workflow_id = hour.start, hour.workflow_id
            one.cursor_environment_id, one.cursor_execution_id = hour.environment_id, done.after
        # The key of the model is a part of the table's: an update by it alone would reach other teams.
        FirstRating.objects.filter(**key).update(**_progress(one))
        return rated


def _place(team_id: UUID, one: FirstRating) -> tuple[Bucket | None, UUID]:
    """The hour to go on with, None where all are done, and the execution to go on after."""
    cursor = None
    if one.cursor_hour is not None and one.cursor_workflow_id is not None and one.cursor_environment_id is not None:
        cursor = Bucket(one.cursor_workflow_id, one.cursor_environment_id, one.cursor_hour)
        if one.cursor_execution_id is not None:
            return cursor, one.cursor_execution_id
    hours = next_hours(team_id, one.model_id, cursor, 1)
    return (hours[0] if hours else None), FIRST_ID


def _progress(one: FirstRating) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _PROGRESS}


def _rater(team_id: UUID, names: tuple[int, int]) -> Callable[[Unpriced], FirstPrice | None]:
    """Rates steps of these names at the prices of today."""
    texts = values_of_labels(team_id, [id for id in names if id])
    pair = (texts.get(names[0], ""), texts.get(names[1], ""))
    candidates = prices_of(team_id, [pair])[pair]

    def rate(step: Unpriced) -> FirstPrice | None:
        usage = usage_of(step)
        tier, region = str(step.detail.get("tier") or ""), str(step.detail.get("region") or "")
        price = find_price(candidates, tier=tier, region=region, at=step.at, context_tokens=usage.context_tokens)
        if price is None:
            return None
        cost = rate_usage(usage, price.rates)
        usd = usd_of(team_id, price.currency, step.at.astimezone(UTC).date())
        if cost is None or usd is None:
            return None
        with localcontext(prec=200):
            return FirstPrice(cost * usd, price.id)

    return rate


def usage_of(step: Unpriced) -> Usage:
    """What a step used, as it is priced."""
    told: dict[str, Any] = dict(zip(TOKEN_NAMES, step.tokens, strict=True))
    parts = {name: step.detail.get(part) for name, part in _PARTS.items()}
    return Usage(**told, **parts, calls=int(step.detail.get("calls") or 1))
