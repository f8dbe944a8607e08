"""Golden lines of compute, storage, calls and fixed costs, worked out by hand. The run is of August 2026.

A case names rates in few words (`name unit amount`, then `system`, `workflow`, `environment`, `key`, `currency`,
`from`, `before`, `kind`), runs, and the lines: `entry outcome kind workflow quantity unit cost`.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from accounts.models import Team
from accounts.tenancy import team_context
from billing.models import CostDimension, CostGrain, CostKind, CostLine, CostOutcome, CostRollup
from ingestion.records import Resources
from monitoring.statuses import Status
from tests.billing.golden import HOUR, NOW, add_prices, fold, run, tell
from tests.billing.rates import add_rate, described, share_out

pytestmark = pytest.mark.django_db


def minutes(count: float) -> dict[str, Any]:
    """A run of this many minutes that ends half an hour into the hour."""
    end = HOUR + timedelta(minutes=30)
    return {"started_at": end - timedelta(minutes=count), "finished_at": end}


def told(**resources: Any) -> dict[str, Any]:
    """What a run says that it used, in an hour that it took."""
    return {"resources": Resources(**resources), **minutes(60)}


@dataclass(frozen=True)
class Case:
    """Rates, runs (what each says of itself, and its steps) and lines."""

    name: str
    rates: list[str]
    lines: list[str]
    runs: list[dict[str, Any]] = field(default_factory=lambda: [{}])
    steps: list[str] = field(default_factory=list)


BELOW = {"id": "below", "parent_execution": "above", "workflow": "child"}
FAILED = {"status": Status.FAILED}
HOURLY = [
    Case("each run", ["Invoke run 0.0002"], ["usage good compute nightly 1 run 0.0002"]),
    # 3 x 0.0002.
    Case("three runs", ["Invoke run 0.0002"], ["usage good compute nightly 3 run 0.0006"], [{}, {}, {}]),
    # Waste is by outcome: 1 of 2 failed.
    Case(
        "runs by outcome",
        ["Invoke run 0.5"],
        ["usage failed compute nightly 1 run 0.5", "usage good compute nightly 1 run 0.5"],
        [{}, FAILED],
    ),
    Case("what was left out is not charged", ["Invoke run 1"], [], [{"status": Status.SKIPPED}]),
    Case("what is queued is not charged yet", ["Invoke run 1"], [], [{"status": Status.QUEUED, "finished_at": None}]),
    # 12 minutes x 0.008, the price of a hosted runner.
    Case("minutes", ["Runner minute 0.008"], ["usage good compute nightly 12 minute 0.096"], [minutes(12)]),
    # 90 s + 30 s = 2 minutes x 0.008.
    Case(
        "minutes add up before they are rated",
        ["Runner minute 0.008"],
        ["usage good compute nightly 2 minute 0.016"],
        [minutes(1.5), minutes(0.5)],
    ),
    # 1 s is 1/60 minute, 0.016666666666667 at 15 digits; x 3 = 0.050000000000001.
    Case(
        "a second is a minute without an end",
        ["Runner minute 3"],
        ["usage good compute nightly 0.016666666666667 minute 0.050000000000001"],
        [minutes(1 / 60)],
    ),
    # A run of 10 minutes with one of 4 below it: the 4 are inside the 10.
    Case(
        "the time of a run below another counts once",
        ["Runner minute 1"],
        ["usage good compute nightly 10 minute 10"],
        [{"id": "above", **minutes(10)}, BELOW | minutes(4)],
    ),
    # Of the workflow `child` alone, the run above is not charged.
    Case(
        "the time of a run below one that is not charged counts",
        ["Runner minute 1 workflow child"],
        ["usage good compute child 4 minute 4"],
        [{"id": "above", **minutes(10)}, BELOW | minutes(4)],
    ),
    # 500 MB for one hour: 0.5 GB-hours x 0.10.
    Case(
        "GB-hours",
        ["Disk gb_hour 0.10 kind storage"],
        ["usage good storage nightly 0.5 gb_hour 0.05"],
        [told(storage_bytes=500_000_000)],
    ),
    Case("storage that nobody told is not 0", ["Disk gb_hour 0.10 kind storage"], [], [minutes(60)]),
    # 40 + 2 calls x 0.005.
    Case(
        "calls that runs told",
        ["Search call 0.005 kind api"],
        ["usage good api nightly 42 call 0.21"],
        [told(api_call_count=40), told(api_call_count=2)],
    ),
    # Two visits of the system; the step of another system is not charged.
    Case(
        "calls of one external system",
        ["Maps call 0.02 kind api system maps.example"],
        ["usage good api nightly system maps.example 2 call 0.04"],
        steps=["system maps.example", "system maps.example", "system other.example"],
    ),
    # The first try failed and was tried again: 1 x 0.02 wasted.
    Case(
        "a call that was tried again is waste",
        ["Maps call 0.02 kind api system maps.example"],
        [
            "usage good api nightly system maps.example 1 call 0.02",
            "usage retried api nightly system maps.example 1 call 0.02",
        ],
        steps=["system maps.example status failed", "system maps.example attempt 2"],
    ),
    Case(
        "one environment",
        ["Invoke run 2 environment staging"],
        ["usage good compute nightly env staging 1 run 2"],
        [{}, {"environment": "staging"}],
    ),
    # 2 euros at 1.1.
    Case("in euros", ["Invoke run 2 currency EUR"], ["usage good compute nightly 1 run 2.2 EUR 2"]),
    Case("free", ["Invoke run 0"], ["usage good compute nightly 1 run 0"]),
    Case("before it began", ["Invoke run 1 from 2026-08-13"], []),
    Case("after it ended", ["Invoke run 1 before 2026-08-12"], []),
    Case("on its last day", ["Invoke run 1 before 2026-08-13"], ["usage good compute nightly 1 run 1"]),
    # Two rates side by side: 1 x 0.01, and 12 minutes x 0.5.
    Case(
        "several rates",
        ["Invoke run 0.01", "Runner minute 0.5"],
        ["usage good compute nightly 1 run 0.01", "usage good compute nightly 12 minute 6"],
        [minutes(12)],
    ),
]
A, B, C = {"workflow": "a"}, {"workflow": "b"}, {"workflow": "c"}
MONTHLY = [
    # 3 of 4 runs are of a: 75 of 100.
    Case(
        "by runs",
        ["Seats month 100 key runs kind subscription"],
        ["allocated open subscription a 75", "allocated open subscription b 25"],
        [A, A, A, B],
    ),
    # 30 and 10 minutes of 40: 15 and 5 of 20.
    Case(
        "by minutes",
        ["Backup month 20 key minutes kind backup"],
        ["allocated open backup a 15", "allocated open backup b 5"],
        [A | minutes(30), B | minutes(10)],
    ),
    Case(
        "not allocated",
        ["Rent month 50 key none kind other"],
        ["allocated open other - 50"],
        [A],
    ),
    Case("of one workflow", ["Seat month 9 key runs workflow a"], ["allocated open compute a 9"], [A, B]),
    Case("a month without runs has its cost", ["Seat month 9 key runs"], ["allocated open compute - 9"], []),
    # From the 17th on, 15 of 31 days of 31.
    Case(
        "a part of a month by days",
        ["Seat month 31 key none from 2026-08-17"],
        ["allocated open compute - 15 booked 08-17"],
        [],
    ),
    # 10 euros at 1.1; 1 of 4 runs: 2.5 euros.
    Case(
        "in euros, by runs",
        ["Seat month 10 key runs currency EUR"],
        ["allocated open compute a 8.25 EUR 7.5", "allocated open compute b 2.75 EUR 2.5"],
        [A, A, A, B],
    ),
]


def made(case: Case) -> list[Any]:
    """The runs of a case."""
    return [_made(number, dict(one), case.steps) for number, one in enumerate(case.runs)]


def _made(number: int, told: dict[str, Any], steps: list[str]) -> Any:
    return run(told.pop("id", f"run-{number}"), *steps, **told)


@pytest.mark.parametrize("case", [*HOURLY, *MONTHLY], ids=lambda case: case.name)
def test_lines_are_those_worked_out_by_hand(team: Team, case: Case) -> None:
    """And rollups by day and month say the same, exactly; making them twice changes nothing."""
    add_prices(team)
    tell(team, *made(case))
    fold(team)
    for text in case.rates:
        add_rate(team, text)
    fold(team)
    share_out(team)
    assert described(team) == sorted(case.lines)
    assert_rollups_add_up(team)
    with team_context(team.id):
        before = list(CostLine.objects.order_by("id").values())
    share_out(team, NOW + timedelta(hours=1))
    with team_context(team.id):
        assert list(CostLine.objects.order_by("id").values()) == before


def assert_rollups_add_up(team: Team) -> None:
    """Lines and rollups of both grains have the same sums."""
    sums = {"cost": Sum("cost_usd"), "list": Sum("list_usd"), "quantity": Sum("quantity")}
    with team_context(team.id):
        for grain in CostGrain.values:
            rows = CostRollup.objects.filter(grain=grain, dimension=CostDimension.NONE)
            assert rows.aggregate(**sums) == CostLine.objects.aggregate(**sums)


def test_a_third_each_adds_up_to_the_last_digit(team: Team) -> None:
    """100 / 3 in millionths: 33.333333 each, and the one that is left to the first."""
    add_rate(team, "Seats month 100 key equal")
    tell(team, run("a", **A), run("b", **B), run("c", **C))
    fold(team)
    share_out(team)
    parts = [line.split()[-1] for line in described(team)]
    assert sorted(parts) == ["33.333333", "33.333333", "33.333334"]


def test_total_cost_of_a_workflow_holds_tokens_and_all_else(team: Team) -> None:
    """Two runs: tokens 2, runs 1, the fixed 4, so 3.5 a run and 7 a successful one; 1.5 of it is waste."""
    add_rate(team, "Invoke run 0.5")
    add_rate(team, "Seats month 4 key runs kind subscription")
    tell(team, run("good", "told 1"), run("bad", "told 1", **FAILED))
    fold(team)
    share_out(team)
    with team_context(team.id):
        rows = CostRollup.objects.filter(grain=CostGrain.MONTH, dimension=CostDimension.NONE)
        by_kind = dict(rows.values_list("kind").annotate(Sum("cost_usd")))
        assert by_kind == {CostKind.TOKENS: 2, CostKind.COMPUTE: 1, CostKind.SUBSCRIPTION: 4}
        assert rows.filter(outcome=CostOutcome.FAILED).aggregate(a=Sum("cost_usd"))["a"] == Decimal("1.5")
        assert len(set(rows.values_list("workflow_id"))) == 1
