"""A month is closed when its checklist is settled or accepted; then its lines and its export never change."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Team, User
from accounts.tenancy import team_context
from billing.exports.month_digest import month_digest
from billing.models import CostLine, CostMonth, CostMonthEvent, CostSettings, Entry, ExchangeRate, MonthState
from billing.reads.checklist import checklist
from billing.services.closing import (
    ClosingRefused,
    ask_to_reopen,
    close_month,
    reopen_month,
    withdraw_reopening,
)
from billing.store.lines import fold_all
from tests.billing.lines import add_line
from tests.factories import report, store
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db
AUGUST, SEPTEMBER = date(2026, 8, 1), date(2026, 9, 1)
THEN = datetime(2026, 8, 12, 10, 30, tzinfo=UTC)
AFTER = datetime(2026, 9, 3, 12, 0, tzinfo=UTC)


def told(cost: str, at: datetime = THEN, **fields: Any) -> Any:
    """A run that tells what it cost."""
    return report(started_at=at - timedelta(minutes=1), finished_at=at, cost_usd=Decimal(cost), **fields)


def keep(team: Team, *reports: Any, now: datetime = AFTER) -> None:
    """Takes reports in and makes figures and lines."""
    store(team, *reports, now=now)
    fold_all(now)


def close(team: Team, by: User | None, month: date = AUGUST, now: datetime = AFTER, **reasons: str) -> CostMonth:
    """Closes a month as the page does."""
    with team_context(team.id):
        return close_month(team_id=team.id, month=month, reasons=reasons, by=by, now=now, digest=month_digest)


def lines(team: Team, **asked: Any) -> list[tuple[Any, ...]]:
    """Entry, day and money of lines."""
    with team_context(team.id):
        found = CostLine.objects.filter(**asked).order_by("booked_on", "entry", "id")
        return list(found.values_list("entry", "booked_on", "cost_usd"))


def second(team: Team) -> User:
    """Another person who manages costs."""
    return User.objects.create_user("second@harbour.test", PASSWORD)


def test_a_closed_month_keeps_totals_rates_and_digest(team: Team, owner: User) -> None:
    """And what it was closed with."""
    with team_context(team.id):
        CostSettings.objects.create(reporting_currency="EUR")
        ExchangeRate.objects.create(currency="EUR", starts_on=date(2026, 7, 1), usd=Decimal("1.10"))
        ExchangeRate.objects.create(currency="EUR", starts_on=date(2026, 8, 20), usd=Decimal("1.2"))
    keep(team, told("0.10"), told("0.20"))
    one = close(team, owner)
    assert (one.state, one.closed_by, one.closed_at) == (MonthState.CLOSED, owner, AFTER)
    assert (one.totals["cost_usd"], one.totals["reporting_currency"]) == ("0.30", "EUR")
    assert one.rates == {"EUR": {"2026-07-01": "1.10", "2026-08-20": "1.2"}}
    assert one.checklist["unpriced"] == {"words": "All tokens have a price", "open": [], "reason": ""}
    with team_context(team.id):
        (event,) = CostMonthEvent.objects.all()
    assert (event.what, event.by, event.detail["digest"]) == ("closed", owner, one.digest)


def test_what_arrives_later_corrects_the_open_month(team: Team, owner: User) -> None:
    """The closed month and its export stay as they are, to the byte."""
    keep(team, told("0.10"))
    one = close(team, owner)
    before = lines(team, booked_on__lt=SEPTEMBER)
    keep(team, told("0.05"))
    assert lines(team, booked_on__lt=SEPTEMBER) == before
    assert lines(team, booked_on__gte=SEPTEMBER) == [(Entry.CORRECTION, SEPTEMBER, Decimal("0.05"))]
    with team_context(team.id):
        CostSettings.objects.update_or_create(team_id=team.id, defaults={"reporting_currency": "EUR"})
        assert month_digest(team.id, AUGUST) == one.digest


@pytest.mark.parametrize(
    ("month", "now", "field", "reason"),
    [
        (
            AUGUST,
            datetime(2026, 8, 31, 23, 59, tzinfo=UTC),
            "over",
            "must be settled first: the month ends 1 September",
        ),
        (SEPTEMBER, datetime(2026, 10, 2, tzinfo=UTC), "earlier", "must be settled first: August 2026 is open"),
    ],
)
def test_what_must_be_settled_first(
    team: Team, owner: User, month: date, now: datetime, field: str, reason: str
) -> None:
    """No reason helps."""
    keep(team, told("0.10"), now=min(now, AFTER))
    with pytest.raises(ClosingRefused) as refused:
        close(team, owner, month, now, over="never mind", earlier="never mind")
    assert refused.value.reasons[field].startswith(reason)
    with team_context(team.id):
        assert not CostMonth.objects.exists()


def test_hours_that_wait_keep_a_month_open(team: Team, owner: User) -> None:
    """Until their lines are made."""
    store(team, told("0.10"), now=AFTER)
    with pytest.raises(ClosingRefused, match="1 hours of workflows wait for their cost lines"):
        close(team, owner)
    fold_all(AFTER)
    assert close(team, owner).totals["cost_usd"] == "0.10"


def test_open_points_are_accepted_with_a_reason(team: Team, owner: User) -> None:
    """Which stays with the month."""
    with team_context(team.id):
        CostSettings.objects.create(reporting_currency="CHF")
    keep(team, told("0.10"))
    with pytest.raises(ClosingRefused) as refused:
        close(team, owner)
    assert refused.value.reasons == {"rates": "needs a reason of 3 to 500 letters to be accepted as it is"}
    one = close(team, owner, rates="reported in dollars this time")
    assert one.checklist["rates"]["reason"] == "reported in dollars this time"
    assert one.checklist["rates"]["open"] == ["no rate of CHF holds on 1 August 2026"]
    with pytest.raises(ClosingRefused, match="is closed already"):
        close(team, owner)


def test_opening_again_needs_a_second_person(team: Team, owner: User) -> None:
    """Who asked cannot agree; then the corrections go, and the lines follow the records."""
    keep(team, told("0.10"))
    close(team, owner)
    keep(team, told("0.05"))
    asked = {"team_id": team.id, "month": AUGUST, "now": AFTER}
    with team_context(team.id):
        with pytest.raises(ClosingRefused, match="must have 3 to 500 letters"):
            ask_to_reopen(**asked, reason=" ", by=owner)
        with pytest.raises(ClosingRefused, match="was not asked"):
            reopen_month(**asked, by=second(team))
        ask_to_reopen(**asked, reason="a late invoice", by=owner)
        with pytest.raises(ClosingRefused, match="the one who asked cannot agree"):
            reopen_month(**asked, by=owner)
        reopen_month(**asked, by=User.objects.get(email="second@harbour.test"))
    fold_all(AFTER)
    assert lines(team) == [(Entry.USAGE, THEN.date(), Decimal("0.15"))]
    with team_context(team.id):
        whats = list(CostMonthEvent.objects.order_by("at", "id").values_list("what", flat=True))
    assert sorted(whats) == ["closed", "reopened", "reopening asked"]


def test_opening_again_may_be_turned_down_and_goes_backwards(team: Team, owner: User) -> None:
    """The latest closed month first."""
    keep(team, told("0.10"), told("0.20", datetime(2026, 9, 2, 9, 0, tzinfo=UTC)))
    close(team, owner)
    later = datetime(2026, 10, 2, tzinfo=UTC)
    fold_all(later)
    close(team, owner, SEPTEMBER, later)
    with team_context(team.id):
        with pytest.raises(ClosingRefused, match="open the latest one first"):
            ask_to_reopen(team_id=team.id, month=AUGUST, reason="a late invoice", by=owner, now=later)
        ask_to_reopen(team_id=team.id, month=SEPTEMBER, reason="a late invoice", by=owner, now=later)
        one = withdraw_reopening(team_id=team.id, month=SEPTEMBER, by=owner, now=later)
    assert (one.state, one.closed_at) == (MonthState.CLOSED, later)


def test_the_checklist_names_models_and_providers(team: Team) -> None:
    """Each open point says what is open."""
    add_line(team, unpriced_tokens=1100, cost_usd=None, priced_usd=None, model="gpt-9")
    with team_context(team.id):
        points = {one.check.value: list(one.open_items) for one in checklist(team.id, AUGUST, AFTER)}
    assert points == {
        "over": [],
        "earlier": [],
        "pending": [],
        "unpriced": ["gpt-9 (openai): 1,100 tokens"],
        "sources": [],
        "reconciled": ["openai has no statement"],
        "rates": [],
    }


@pytest.mark.parametrize("closed_after", [1, 2, 3])
def test_closing_loses_nothing(team: Team, owner: User, closed_after: int) -> None:
    """Wherever the close falls between reports, all lines together are what records say."""
    for number, cost in enumerate(("0.10", "0.05", "0.07"), 1):
        keep(team, told(cost))
        if number == closed_after:
            close(team, owner)
    assert sum((cost for _, _, cost in lines(team)), Decimal(0)) == Decimal("0.22")
