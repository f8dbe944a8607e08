"""The checklist of a month as it stands: each point is one read."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from django.db.models import Sum
from django.utils.translation import gettext as _

from accounts import formats
from billing import ports
from billing.analysis.allocation import next_month
from billing.analysis.checklist import Check, Point
from billing.analysis.periods import full_day_words, month_words
from billing.models import (
    CostDimension,
    CostDue,
    CostGrain,
    CostMonth,
    CostRollup,
    ExchangeRate,
    MonthState,
)
from billing.reads.reconciliation import Listed, unreconciled
from billing.reads.reporting import reporting_currency
from monitoring import wording
from monitoring.models import DirtyBucket, Label

MOST_NAMED = 20


def moments(month: date) -> tuple[datetime, datetime]:
    """The month as instants [start, end), in UTC."""
    return (
        datetime(month.year, month.month, 1, tzinfo=UTC),
        datetime.combine(next_month(month), datetime.min.time(), tzinfo=UTC),
    )


def checklist(team_id: UUID, month: date, now: datetime) -> list[Point]:
    """All points, in the order in which they are worked off."""
    return [
        _over(month, now),
        _earlier(team_id, month),
        _pending(team_id, month),
        _unpriced(team_id, month),
        _sources(team_id, now),
        _reconciled(team_id, month),
        _rates(team_id, month),
    ]


def _over(month: date, now: datetime) -> Point:
    end = moments(month)[1]
    left = [] if now >= end else [_("the month ends {day}, 00:00 UTC").format(day=full_day_words(end))]
    return Point(Check.OVER, _("The month is over"), left)


def _earlier(team_id: UUID, month: date) -> Point:
    """Months are closed one after the other, so that a correction has one place to go."""
    told = CostRollup.objects.filter(team_id=team_id, grain=CostGrain.MONTH, dimension=CostDimension.NONE)
    months = set(told.filter(bucket__lt=month).values_list("bucket", flat=True).distinct().order_by("bucket"))
    closed = CostMonth.objects.filter(team_id=team_id, month__lt=month).exclude(state=MonthState.OPEN)
    left = sorted(months - set(closed.values_list("month", flat=True)))
    words = _("{month} is open")
    still_open = [words.format(month=month_words(one)) for one in left[:MOST_NAMED]]
    return Point(Check.EARLIER, _("Earlier months are closed"), still_open)


def _pending(team_id: UUID, month: date) -> Point:
    start, end = moments(month)
    left = []
    if count := CostDue.objects.filter(team_id=team_id, hour__gte=start, hour__lt=end).count():
        words = _("{count} hours of workflows wait for their cost lines")
        left.append(words.format(count=wording.count(count)))
    if count := DirtyBucket.objects.filter(team_id=team_id, minute__gte=start, minute__lt=end).count():
        words = _("{count} changes of records wait for their figures")
        left.append(words.format(count=wording.count(count)))
    return Point(Check.PENDING, _("Nothing waits to be counted"), left)


def _unpriced(team_id: UUID, month: date) -> Point:
    rows = CostRollup.objects.filter(
        team_id=team_id, grain=CostGrain.MONTH, dimension=CostDimension.NONE, bucket=month, unpriced_tokens__gt=0
    )
    found = rows.values_list("provider_id", "model_id").annotate(tokens=Sum("unpriced_tokens")).order_by("-tokens")
    listed = list(found[:MOST_NAMED])
    ids = {one for provider, model, _tokens in listed for one in (provider, model)}
    names = dict(Label.objects.filter(team_id=team_id, id__in=ids).values_list("id", "value"))
    words = _("{model} ({provider}): {tokens} tokens")
    no_model, no_provider = _("a model that was not told"), _("provider not told")
    left = [
        words.format(
            model=names.get(model, no_model), provider=names.get(provider, no_provider), tokens=wording.tokens(tokens)
        )
        for provider, model, tokens in listed
    ]
    return Point(Check.UNPRICED, _("All tokens have a price"), left)


def _sources(team_id: UUID, now: datetime) -> Point:
    """Sources that are silent for longer than is usual of them may still owe something."""
    found, words = ports.source_silences(team_id, now) or (), _("{source} reported last {moment} UTC")
    late = [
        words.format(source=one.name, moment=formats.moment(one.last_report_at, year=False))
        for one in found
        if one.usual_silence is not None and now - one.last_report_at > one.usual_silence
    ]
    return Point(Check.SOURCES, _("No source is silent"), sorted(late)[:MOST_NAMED])


def _reconciled(team_id: UUID, month: date) -> Point:
    left = [_apart(one) for one in unreconciled(team_id, month)]
    return Point(Check.RECONCILED, _("Each provider agrees with its statement"), left[:MOST_NAMED])


def _apart(one: Listed) -> str:
    if one.statement is None:
        return _("{provider} has no statement").format(provider=one.provider)
    share = one.compared.share
    words = _("{provider} differs") if share is None else _("{provider} differs by {share}")
    return words.format(provider=one.provider, share=wording.percent(share))


def _rates(team_id: UUID, month: date) -> Point:
    """A reporting currency needs a rate that holds on the first day."""
    currency = reporting_currency(team_id)
    if currency == "USD":
        return Point(Check.RATES, _("Exchange rates are there: amounts are reported in US dollars"))
    is_there = ExchangeRate.objects.filter(team_id=team_id, currency=currency, starts_on__lte=month).exists()
    words = _("no rate of {currency} holds on {day}").format(currency=currency, day=full_day_words(month))
    left = [] if is_there else [words]
    return Point(Check.RATES, _("Exchange rates of {currency} are there").format(currency=currency), left)


def rates_of(team_id: UUID, month: date) -> dict[str, dict[str, str]]:
    """All exchange rates that hold in a month, as a closed month keeps them: by currency and the day they begin."""
    rows: dict[str, list[tuple[date, str]]] = {}
    told = ExchangeRate.objects.filter(team_id=team_id, starts_on__lt=next_month(month))
    for currency, starts_on, usd in told.order_by("currency", "starts_on").values_list("currency", "starts_on", "usd"):
        rows.setdefault(currency, []).append((starts_on, format(usd, "f")))
    return {
        currency: {day.isoformat(): usd for day, usd in _in_force(found, month)} for currency, found in rows.items()
    }


def _in_force(found: Sequence[tuple[date, str]], month: date) -> list[tuple[date, str]]:
    """The last rate from before the month's second day, and those that begin later in it."""
    before = [one for one in found if one[0] <= month]
    return [*before[-1:], *(one for one in found if one[0] > month)]
