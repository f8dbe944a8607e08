"""Golden lines: what one hour of records makes, worked out by hand. Words as in `tests.billing.golden`; prices there.

Each case names records and the lines that come of them; amounts are dollars, worked out per million tokens.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from accounts.models import Team
from accounts.tenancy import team_context
from billing.models import CostDimension, CostGrain, CostLine, CostRollup
from monitoring.models import Dimension, Grain, Rollup
from monitoring.statuses import Status
from tests.billing.golden import add_prices, described, fold, run, tell

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Case:
    """Steps of one run, what the run itself says, and the lines."""

    name: str
    steps: list[str]
    lines: list[str]
    run: dict[str, Any] = field(default_factory=dict)


USAGE = [
    # 1,000 x 2 + 500 x 8 = 6,000 millionths.
    Case("plain", ["in 1000 out 500 @std"], ["usage good priced @std calls 1 in 1000 out 500 cost 0.006"]),
    # 1,000 x 2 + 9,000 x 0.5 + 500 x 8 = 2,000 + 4,500 + 4,000.
    Case(
        "cached input",
        ["in 1000 read 9000 out 500 @std"],
        ["usage good priced @std calls 1 in 1000 read 9000 out 500 cost 0.0105"],
    ),
    # 100 x 2 + 4,000 x 2.5 + 10 x 8 = 200 + 10,000 + 80.
    Case(
        "cache written for five minutes",
        ["in 100 write 4000 out 10 @std"],
        ["usage good priced @std calls 1 in 100 write 4000 out 10 cost 0.01028"],
    ),
    # Of 4,000 written 1,000 for an hour: 3,000 x 2.5 + 1,000 x 4 = 7,500 + 4,000; with 200 in: + 400.
    Case(
        "cache written for an hour",
        ["in 200 write 4000 write1h 1000 @std"],
        ["usage good priced @std calls 1 in 200 write 4000 write1h 1000 cost 0.0119"],
    ),
    # Of 700 out 500 reasoning: 200 x 4 + 500 x 6 = 800 + 3,000; in 100 x 1 = 100.
    Case(
        "reasoning with a rate of its own",
        ["in 100 out 700 reason 500 @reason"],
        ["usage good priced @reason calls 1 in 100 out 700 reason 500 cost 0.0039"],
    ),
    # Without one it is output: 100 x 2 + 700 x 8 = 200 + 5,600.
    Case(
        "reasoning at the rate of output",
        ["in 100 out 700 reason 500 @std"],
        ["usage good priced @std calls 1 in 100 out 700 reason 500 cost 0.0058"],
    ),
    # 600 x 2 + 400 x 40 + (300 - 200) x 8 + 200 x 80 = 1,200 + 16,000 + 800 + 16,000.
    Case(
        "audio in and out",
        ["in 1000 in_audio 400 out 300 out_audio 200 @audio"],
        ["usage good priced @audio calls 1 in 1000 out 300 in_audio 400 out_audio 200 cost 0.034"],
    ),
    # 900 x 5 + 100 x 10 + 50 x 8 + 1,000 x 40 = 4,500 + 1,000 + 400 + 40,000.
    Case(
        "images in and out",
        ["in 1000 in_image 100 out 1050 out_image 1000 @image"],
        ["usage good priced @image calls 1 in 1000 out 1050 in_image 100 out_image 1000 cost 0.0459"],
    ),
    # 3 calls x 0.01 + 1,000 x 2 + 100 x 8 millionths = 0.03 + 0.0028.
    Case(
        "calls that cost by themselves",
        ["in 1000 out 100 calls 3 @search"],
        ["usage good priced @search calls 3 in 1000 out 100 cost 0.0328"],
    ),
    # 1,000,000 x 1 + 100,000 x 4 = 1.4.
    Case(
        "batch",
        ["in 1000000 out 100000 tier batch @batch"],
        ["usage good priced @batch tier batch calls 1 in 1000000 out 100000 cost 1.4"],
    ),
    # Beside the same model by the usual way: 2 + 0.8; tiers are not mixed.
    Case(
        "batch beside the usual tier",
        ["in 1000000 out 100000 tier batch @batch", "in 1000000 out 100000 @std"],
        [
            "usage good priced @batch tier batch calls 1 in 1000000 out 100000 cost 1.4",
            "usage good priced @std calls 1 in 1000000 out 100000 cost 2.8",
        ],
    ),
    # 300,000 x 4 + 1,000 x 12 = 1,212,000 millionths; the short one 1,000 x 2 + 10 x 8.
    Case(
        "a long context has a price of its own",
        ["in 300000 out 1000 @long", "in 1000 out 10 @std"],
        [
            "usage good priced @long calls 1 in 300000 out 1000 cost 1.212",
            "usage good priced @std calls 1 in 1000 out 10 cost 0.00208",
        ],
    ),
    Case(
        "regions are not mixed",
        ["in 1000 region eu @std", "in 1000 region us @std"],
        [
            "usage good priced @std region eu calls 1 in 1000 cost 0.002",
            "usage good priced @std region us calls 1 in 1000 cost 0.002",
        ],
    ),
    # The price changed between two calls of one hour: 1,000 x 2 and 1,000 x 1.5.
    Case(
        "two prices in one hour",
        ["in 1000 @std", "in 1000 @new"],
        ["usage good priced @new calls 1 in 1000 cost 0.0015", "usage good priced @std calls 1 in 1000 cost 0.002"],
    ),
    # 1,500 x 2 + 600 x 8 = 7,800.
    Case(
        "calls of the same kind are one line",
        ["in 1000 out 500 @std", "in 500 out 100 @std"],
        ["usage good priced @std calls 2 in 1500 out 600 cost 0.0078"],
    ),
    Case(
        "nodes, models and providers are not mixed",
        ["in 1000 node a @std", "in 1000 node b @std", "in 1000 model n @std", "in 1000 provider azure @std"],
        [
            "usage good priced @std model n calls 1 in 1000 cost 0.002",
            "usage good priced @std node a calls 1 in 1000 cost 0.002",
            "usage good priced @std node b calls 1 in 1000 cost 0.002",
            "usage good priced @std provider azure calls 1 in 1000 cost 0.002",
        ],
    ),
    Case(
        "external systems are not mixed",
        ["in 1000 system api.example.com @std", "in 1000 @std"],
        [
            "usage good priced @std calls 1 in 1000 cost 0.002",
            "usage good priced @std system api.example.com calls 1 in 1000 cost 0.002",
        ],
    ),
]
UNKNOWN = [
    Case("an unknown model", ["in 1000 out 500"], ["usage good unpriced calls 1 in 1000 out 500 unpriced 1500"]),
    # Reasoning is inside output: 1,000 + 50 + 500.
    Case(
        "unpriced tokens count each once",
        ["in 1000 read 50 out 500 reason 400"],
        ["usage good unpriced calls 1 in 1000 read 50 out 500 reason 400 unpriced 1550"],
    ),
    Case(
        "a price that does not cover output",
        ["in 1000 out 1 @in_only"],
        ["usage good unpriced calls 1 in 1000 out 1 unpriced 1001"],
    ),
    Case(
        "known beside unknown",
        ["in 1000 @std", "in 1000 model x"],
        [
            "usage good priced @std calls 1 in 1000 cost 0.002",
            "usage good unpriced model x calls 1 in 1000 unpriced 1000",
        ],
    ),
    Case("zero tokens", ["in 0 out 0 @std"], ["usage good priced @std calls 1 in 0 out 0 cost 0"]),
    Case("zero tokens of an unknown model", ["in 0 out 0"], ["usage good unpriced calls 1 in 0 out 0"]),
    Case("free", ["in 1000 out 500 @free"], ["usage good priced @free calls 1 in 1000 out 500 cost 0"]),
    # 1 x 0.000001 + 1 x 0.000003 millionths of a dollar each: 4 x 10^-12.
    Case("tiny", ["in 1 out 1 @tiny"], ["usage good priced @tiny calls 1 in 1 out 1 cost 0.000000000004"]),
    # 10^15 x 2 / 10^6 = 2 x 10^9, and 10^15 x 8 / 10^6.
    Case(
        "huge",
        ["in 1000000000000000 out 1000000000000000 @std"],
        ["usage good priced @std calls 1 in 1000000000000000 out 1000000000000000 cost 10000000000"],
    ),
    # Huge and tiny in one hour, to the last digit: 10^9 + 1 tokens at 10^-6 millionths.
    Case(
        "huge beside tiny",
        ["in 1000000000 @tiny", "in 1 @tiny"],
        ["usage good priced @tiny calls 2 in 1000000001 cost 0.001000000001"],
    ),
    Case("only a step that used nothing", ["node prepare"], []),
    # 5 reasoning of 3 out: what was told of the part counts, 5 x 8 = 40; the other line 10 x 8 - split as told.
    Case(
        "a part greater than its total is a line of its own",
        ["out 3 reason 5 @std", "out 10 reason 4 @std"],
        [
            "usage good priced @std calls 1 out 10 reason 4 cost 0.00008",
            "usage good priced @std calls 1 out 3 reason 5 cost 0.00004",
        ],
    ),
]
MONEY = [
    Case("told, no price", ["in 1000 told 0.5"], ["usage good told calls 1 in 1000 cost 0.5"]),
    Case("told, no tokens", ["told 0.5"], ["usage good told calls 1 cost 0.5"]),
    # Both are kept: told 0.003 counts, computed 0.002.
    Case(
        "told beats computed",
        ["in 1000 told 0.003 @std"],
        ["usage good told @std calls 1 in 1000 cost 0.003 priced 0.002"],
    ),
    Case(
        "computed counts by the rule of the source",
        ["in 1000 told 0.003 computed @std"],
        ["usage good priced @std calls 1 in 1000 cost 0.002 told 0.003"],
    ),
    Case(
        "told and computed are the same",
        ["in 1000 told 0.002 @std"],
        ["usage good told @std calls 1 in 1000 cost 0.002"],
    ),
    Case(
        "told and computed are the same, and computed counts",
        ["in 1000 told 0.002 computed @std"],
        ["usage good priced @std calls 1 in 1000 cost 0.002"],
    ),
    Case("a rule alone is no usage", ["computed"], []),
    Case("calls alone", ["calls 4"], ["usage good unpriced calls 4"]),
    Case("told to be free", ["in 1000 told 0 @std"], ["usage good told @std calls 1 in 1000 cost 0 priced 0.002"]),
    Case(
        "told beside computed of one model",
        ["in 1000 told 0.01", "in 1000 @std"],
        ["usage good priced @std calls 1 in 1000 cost 0.002", "usage good told calls 1 in 1000 cost 0.01"],
    ),
    # 0.1 + 0.2 is 0.3.
    Case("told sums are exact", ["told 0.1", "told 0.2"], ["usage good told calls 2 cost 0.3"]),
    # At 20 % off: 1,000 x 1.6 + 500 x 6.4 = 4,800; at list 6,000.
    Case(
        "a negotiated discount",
        ["in 1000 out 500 @deal"],
        ["usage good priced @deal calls 1 in 1000 out 500 cost 0.0048 list 0.006"],
    ),
    # 1,000 x 1.6 + 2,000 x 0.4 = 2,400; at list 2,000 + 1,000.
    Case(
        "a discount on cached input",
        ["in 1000 read 2000 @deal"],
        ["usage good priced @deal calls 1 in 1000 read 2000 cost 0.0024 list 0.003"],
    ),
    # 1,000 x 0.5 + 10 x 1 = 510; what the book would say is not known.
    Case(
        "a price of the team",
        ["in 1000 out 10 @own"],
        ["usage good priced @own calls 1 in 1000 out 10 cost 0.00051"],
    ),
    # Told counts; the discount says 1,600, the list 2,000.
    Case(
        "told, with a discount",
        ["in 1000 told 0.0017 @deal"],
        ["usage good told @deal calls 1 in 1000 cost 0.0017 priced 0.0016 list 0.002"],
    ),
    # 1,000 x 1 + 500 x 4 = 3,000 millionths of a euro, at 1.1 = 3,300 of a dollar.
    Case(
        "a price in euros",
        ["in 1000 out 500 @euro"],
        ["usage good priced @euro calls 1 in 1000 out 500 cost 0.0033 EUR 0.003"],
    ),
]
OUTCOMES = [
    Case(
        "failed", ["in 1000 @std"], ["usage failed priced @std calls 1 in 1000 cost 0.002"], {"status": Status.FAILED}
    ),
    Case("timed out", ["in 1 told 1"], ["usage failed told calls 1 in 1 cost 1"], {"status": Status.TIMED_OUT}),
    Case("cancelled", ["told 1"], ["usage failed told calls 1 cost 1"], {"status": Status.CANCELLED}),
    Case("skipped", ["told 1"], ["usage good told calls 1 cost 1"], {"status": Status.SKIPPED}),
    Case("at work", ["told 1"], ["usage open told calls 1 cost 1"], {"status": Status.RUNNING}),
    # The first try of a step failed, the second did not: 1,000 x 2 and 1,000 x 2 + 10 x 8.
    Case(
        "a step that was tried again",
        ["in 1000 status failed @std", "in 1000 out 10 attempt 2 @std"],
        [
            "usage good priced @std calls 1 in 1000 out 10 cost 0.00208",
            "usage retried priced @std calls 1 in 1000 cost 0.002",
        ],
    ),
    Case(
        "a step that failed for good",
        ["told 1 status failed", "told 2 attempt 2 status failed"],
        ["usage failed told calls 1 cost 2", "usage retried told calls 1 cost 1"],
        {"status": Status.FAILED},
    ),
    Case(
        "a loop, the last turn of which was tried again",
        ["told 1", "told 2", "told 4 status failed", "told 8 attempt 2"],
        ["usage good told calls 3 cost 11", "usage retried told calls 1 cost 4"],
    ),
    Case(
        "a failed step of a run that succeeded",
        ["told 1 status failed", "told 2 node other"],
        ["usage good told calls 1 cost 1", "usage good told node other calls 1 cost 2"],
    ),
    # The outer step tells again what its two children told.
    Case(
        "a parent that is covered",
        ["in 300 node chain covered @std", "in 100 @std", "in 200 @std"],
        ["usage good priced @std calls 2 in 300 cost 0.0006"],
    ),
    Case("only covered", ["in 300 covered @std"], []),
]


@pytest.mark.parametrize("case", [*USAGE, *UNKNOWN, *MONEY, *OUTCOMES], ids=lambda case: case.name)
def test_lines_are_those_worked_out_by_hand(team: Team, case: Case) -> None:
    """And they add up to the rollup of the same records, by the hour; and to their own, by day and month."""
    add_prices(team)
    tell(team, run("a", *case.steps, **case.run))
    fold(team)
    assert described(team) == sorted(case.lines)
    assert_adds_up(team)


def assert_adds_up(team: Team) -> None:
    """Lines, rollups of lines and rollups of records say the same, exactly."""
    with team_context(team.id):
        records = Rollup.objects.filter(grain=Grain.HOUR, dimension=Dimension.NONE)
        told = records.aggregate(cost=Sum("cost_usd"), unpriced=Sum("unpriced_tokens"), out=Sum("output_tokens"))
        sums = {"cost": Sum("cost_usd"), "unpriced": Sum("unpriced_tokens"), "out": Sum("output_tokens")}
        made = CostLine.objects.aggregate(**sums)
        assert made["cost"] == told["cost"]
        assert (made["unpriced"] or 0) == (told["unpriced"] or 0)
        for grain in CostGrain.values:
            rows = CostRollup.objects.filter(grain=grain, dimension=CostDimension.NONE)
            assert rows.aggregate(**sums) == made


def test_the_sum_of_many_small_amounts_is_exact(team: Team) -> None:
    """A thousand tokens at 3 x 10^-6 millionths, told once and computed often: no digit is lost."""
    add_prices(team)
    tell(team, run("a", *["out 7 @tiny"] * 50, "told 0.00000000000000000001"))
    fold(team)
    with team_context(team.id):
        total = CostLine.objects.aggregate(total=Sum("cost_usd"))["total"]
    # 350 x 0.000003 / 10^6 = 1.05 x 10^-9.
    assert total == Decimal("0.00000000105000000001")
