"""Golden lines, over time: closed months, price changes, retries in other hours, tags. Worked out by hand.

Words as in `tests.billing.golden`. The hour is in August; the clock stands in September.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from accounts.models import Team
from accounts.tenancy import team_context
from billing.models import CostLine, CostMonth, CostRollup, MonthState, ReRating, TagSet
from billing.services.tags import TagsRefused, set_tag_keys
from billing.store import due, lines
from ingestion.records import Tokens
from monitoring.identity import execution_id, step_id
from monitoring.models import Diagnosis, Execution
from monitoring.statuses import Status
from monitoring.store.seals import seal
from tests.billing.golden import HOUR, ID, NOW, add_prices, described, fold, run, tell

pytestmark = pytest.mark.django_db
AUGUST, SEPTEMBER = date(2026, 8, 1), date(2026, 9, 1)


@pytest.fixture(autouse=True)
def _prices(team: Team) -> None:
    add_prices(team)


def close(team: Team, month: date = AUGUST, at: datetime = NOW) -> None:
    """Closes a month."""
    with team_context(team.id):
        CostMonth.objects.update_or_create(month=month, defaults={"state": MonthState.CLOSED, "closed_at": at})


def reopen(team: Team, month: date = AUGUST) -> None:
    """Opens a month again, and has its hours made again."""
    with team_context(team.id):
        CostMonth.objects.filter(month=month).update(state=MonthState.OPEN)
        due.mark_between(team.id, month, month.replace(month=month.month + 1), NOW)
    lines.fold_all(NOW, team_id=team.id)


def change(team: Team, old: str, new: str, at: datetime = NOW, **fields: Any) -> ReRating:
    """A price change from the first of August on, which has its hours made again."""
    with team_context(team.id):
        about = {"starts_on": AUGUST, "reason": "agreed later", "created_at": at, **fields}
        made = ReRating.objects.create(old_price_id=ID[old], new_price_id=ID[new], **about)
        mark(team)
    return made


def take_back(team: Team, one: ReRating, at: datetime = NOW) -> None:
    """Removes a price change."""
    with team_context(team.id):
        ReRating.objects.filter(id=one.id).update(removed_at=at)
        mark(team)


def mark(team: Team) -> None:
    """Has lines derived again, without reading records, as price changes do."""
    due.mark_between(team.id, AUGUST, None, NOW, is_lines_only=True)
    lines.fold_all(NOW, team_id=team.id)


def total(team: Team) -> Decimal | None:
    """All that counts."""
    with team_context(team.id):
        found: Decimal | None = CostLine.objects.aggregate(total=Sum("cost_usd"))["total"]
        rolled = CostRollup.objects.filter(grain=4, dimension=0).aggregate(total=Sum("cost_usd"))["total"]
    assert found == rolled
    return found


def frozen(team: Team, month: date = AUGUST) -> list[dict[str, Any]]:
    """Every column of the lines of a month."""
    with team_context(team.id):
        rows = CostLine.objects.filter(booked_on__gte=month, booked_on__lt=month.replace(month=month.month + 1))
        return list(rows.order_by("id").values())


# Price changes.


def test_a_price_change_adds_the_difference_and_taking_it_back_removes_it(team: Team) -> None:
    """1,000 x (1.5 - 2) + 100 x (10 - 8) = -500 + 200 millionths. Then as before, row by row."""
    tell(team, run("a", "in 1000 out 100 @std"))
    fold(team)
    before = frozen(team)
    made = change(team, "std", "new")
    usage = "usage good priced @std calls 1 in 1000 out 100 cost 0.0028"
    assert described(team) == ["re_rated good priced @new cost -0.0003", usage]
    assert total(team) == Decimal("0.0025")
    with team_context(team.id):
        line = CostLine.objects.get(entry=2)
    assert (line.reason, line.corrects_id, line.input_tokens) == ("agreed later", before[0]["id"], None)
    take_back(team, made)
    assert frozen(team) == before


def test_changes_follow_each_other(team: Team) -> None:
    """From 2 to 1.5, that to 0.5: 1,000 x -0.5, then 1,000 x -1; also where the second one names the first price."""
    tell(team, run("a", "in 1000 @std"))
    fold(team)
    change(team, "std", "new")
    second = change(team, "new", "own", NOW + timedelta(minutes=1))
    wanted = [
        "re_rated good priced @new cost -0.0005",
        "re_rated good priced @own cost -0.001",
        "usage good priced @std calls 1 in 1000 cost 0.002",
    ]
    assert described(team) == wanted
    take_back(team, second)
    change(team, "std", "own", NOW + timedelta(minutes=2))
    assert described(team) == wanted


def test_a_change_has_days_and_a_price_and_touches_nothing_else(team: Team) -> None:
    """Usage of the twelfth; changes until the twelfth, from the thirteenth, and of another price say nothing."""
    tell(team, run("a", "in 1000 @std", "in 1000 told 1", "in 1000"))
    fold(team)
    before = described(team)
    change(team, "std", "new", ends_on=HOUR.date())
    change(team, "std", "new", starts_on=HOUR.date() + timedelta(days=1))
    change(team, "batch", "new")
    # The new price does not cover cache writes or output: nothing is guessed, here there is only input.
    assert described(team) == before
    change(team, "std", "in_only")
    assert described(team) == ["re_rated good priced @in_only cost 0.001", *before]


def test_what_was_told_counts_as_told_whatever_prices_say(team: Team) -> None:
    """Computed goes from 2,000 to 1,500 millionths; what counts stays 0.003."""
    tell(team, run("a", "in 1000 told 0.003 @std"))
    fold(team)
    change(team, "std", "new")
    assert described(team) == [
        "re_rated good told @new cost 0 priced -0.0005",
        "usage good told @std calls 1 in 1000 cost 0.003 priced 0.002",
    ]


def test_a_change_to_a_price_in_another_currency(team: Team) -> None:
    """1,000 x 1 x 1.1 - 1,000 x 2 = 1,100 - 2,000 millionths of a dollar; between euros in euros."""
    tell(team, run("a", "in 1000 @std"))
    fold(team)
    change(team, "std", "euro")
    assert "re_rated good priced @euro cost -0.0009" in described(team)


def test_late_usage_is_re_rated_too(team: Team) -> None:
    """(1,000 + 3,000) x -0.5."""
    tell(team, run("a", "in 1000 @std"))
    fold(team)
    change(team, "std", "new")
    tell(team, run("b", "in 3000 @std"))
    fold(team)
    assert described(team) == [
        "re_rated good priced @new cost -0.002",
        "usage good priced @std calls 2 in 4000 cost 0.008",
    ]


# Closed months.


def test_what_arrives_late_is_a_correction_in_the_open_month(team: Team) -> None:
    """August is closed with 1,000; 500 more come: 500 x 2 + 10 x 8 on the first of September. August stays."""
    tell(team, run("a", "in 1000 @std"))
    fold(team)
    before = frozen(team)
    close(team)
    tell(team, run("b", "in 500 out 10 @std"))
    fold(team)
    assert frozen(team) == before
    late = "correction good priced @std calls 1 in 500 out 10 cost 0.00108 booked 09-01"
    assert described(team) == [late, "usage good priced @std calls 1 in 1000 cost 0.002"]
    tell(team, run("c", "in 1 told 1"))
    fold(team)
    assert described(team) == [late, "correction good told calls 1 in 1 cost 1 booked 09-01", *described(team)[2:]]
    assert total(team) == Decimal("1.00308")


def test_what_changes_late_is_taken_back_and_put_in_anew(team: Team) -> None:
    """The run failed after all: what August holds as good is less by it, and it is there as failed."""
    tell(team, run("a", "in 1000 @std"))
    fold(team)
    close(team)
    tell(team, run("a", "in 1000 @std", status=Status.FAILED))
    fold(team)
    assert described(team) == [
        "correction failed priced @std calls 1 in 1000 cost 0.002 booked 09-01",
        "correction good priced @std calls -1 in -1000 cost -0.002 booked 09-01",
        "usage good priced @std calls 1 in 1000 cost 0.002",
    ]


def test_what_was_unpriced_at_closing_is_priced_later(team: Team) -> None:
    """1,000 unpriced tokens less, 1,000 at 2 more."""
    tell(team, run("a", "in 1000"))
    fold(team)
    close(team)
    tell(team, run("a", "in 1000 @std"))
    with team_context(team.id):
        due.mark_between(team.id, AUGUST, SEPTEMBER, NOW)
    fold(team)
    assert described(team) == [
        "correction good priced @std calls 1 in 1000 cost 0.002 booked 09-01",
        "correction good unpriced calls -1 in -1000 unpriced -1000 booked 09-01",
        "usage good unpriced calls 1 in 1000 unpriced 1000",
    ]


def test_an_hour_of_two_closed_months(team: Team) -> None:
    """Each closing holds its part: 1,000 in August, 500 in September, 250 in October."""
    tell(team, run("a", "in 1000 @std"))
    fold(team)
    close(team)
    tell(team, run("b", "in 500 @std"))
    fold(team)
    close(team, SEPTEMBER)
    tell(team, run("c", "in 250 @std"))
    fold(team)
    assert described(team) == [
        "correction good priced @std calls 1 in 250 cost 0.0005 booked 10-01",
        "correction good priced @std calls 1 in 500 cost 0.001 booked 09-01",
        "usage good priced @std calls 1 in 1000 cost 0.002",
    ]
    assert total(team) == Decimal("0.0035")


def test_a_month_that_is_opened_again_has_its_usage_back(team: Team) -> None:
    """The correction goes, August holds all of it; a closed month that held a part is set off."""
    tell(team, run("a", "in 1000 @std"))
    fold(team)
    close(team)
    tell(team, run("b", "in 500 @std"))
    fold(team)
    reopen(team)
    assert described(team) == ["usage good priced @std calls 2 in 1500 cost 0.003"]
    close(team)
    tell(team, run("c", "in 500 @std"))
    fold(team)
    close(team, SEPTEMBER)
    reopen(team)
    assert described(team) == [
        "correction good priced @std calls -1 in -500 cost -0.001 booked 08-01",
        "correction good priced @std calls 1 in 500 cost 0.001 booked 09-01",
        "usage good priced @std calls 3 in 2000 cost 0.004",
    ]
    assert total(team) == Decimal("0.004")


def test_a_price_change_stays_out_of_closed_months(team: Team) -> None:
    """August was closed at 2; a change made later counts from September on, also for what August still gets."""
    tell(team, run("a", "in 1000 @std"))
    fold(team)
    close(team)
    change(team, "std", "new", NOW + timedelta(hours=1))
    assert described(team) == ["usage good priced @std calls 1 in 1000 cost 0.002"]
    september = NOW - timedelta(hours=2)
    tell(team, run("b", "in 500 @std"), run("c", "in 1000 @std", hour=september.replace(minute=0)))
    fold(team)
    assert described(team) == [
        "correction good priced @std calls 1 in 500 cost 0.001 booked 09-01",
        "re_rated good priced @new cost -0.0005 hour 09-03.07",
        "usage good priced @std calls 1 in 1000 cost 0.002",
        "usage good priced @std calls 1 in 1000 cost 0.002 hour 09-03.07",
    ]


def test_a_closed_month_keeps_the_changes_it_was_closed_with(team: Team) -> None:
    """Taken back afterwards, the change still holds for August: late usage counts at 1.5, in two lines less one."""
    tell(team, run("a", "in 1000 @std"))
    fold(team)
    made = change(team, "std", "new", NOW - timedelta(hours=1))
    before = frozen(team)
    close(team)
    take_back(team, made, NOW + timedelta(hours=1))
    tell(team, run("b", "in 500 @std"))
    fold(team)
    assert frozen(team) == before
    assert [line for line in described(team) if line.startswith("correction")] == [
        "correction good priced @new cost -0.00025 booked 09-01",
        "correction good priced @std calls 1 in 500 cost 0.001 booked 09-01",
    ]
    assert total(team) == Decimal("0.00225")


# What records say later.


def test_a_try_that_is_superseded_hours_later_was_waste(team: Team) -> None:
    """The hour of the first try is made again, although nothing was told of it."""
    tell(team, run("a", "told 1", status=Status.FAILED))
    fold(team)
    assert described(team) == ["usage failed told calls 1 cost 1"]
    later = HOUR + timedelta(hours=5)
    tell(team, run("a", "told 2", hour=later, attempt=2))
    fold(team)
    assert described(team) == ["usage good told calls 1 cost 2 hour 08-12.15", "usage retried told calls 1 cost 1"]


def test_a_run_that_succeeded_and_was_run_again_is_no_waste(team: Team) -> None:
    """Both delivered."""
    tell(team, run("a", "told 1"), run("a", "told 2", attempt=2))
    fold(team)
    assert described(team) == ["usage good told calls 2 cost 3"]


def test_what_came_after_the_divergence_is_apart(team: Team) -> None:
    """Of five steps the second one diverged; its own cost is of the failed run."""
    steps = ["told 1 at 2", "told 2 at 3", "told 4 at 4", "told 8 at 5"]
    tell(team, run("a", *steps, status=Status.FAILED))
    id = execution_id(team.id, "a")
    with team_context(team.id):
        about = {"verdict": "diverged", "cause": "", "evidence": [], "facts": {}, "suggestion": {}, "basis": ""}
        Diagnosis.objects.create(id=id, counted_at=HOUR, first_step_id=step_id(id, "s1"), computed_at=NOW, **about)
    fold(team)
    assert described(team) == [
        "usage after_divergence told calls 2 cost 12",
        "usage failed told calls 2 cost 3",
    ]


def test_totals_told_for_the_whole_run(team: Team) -> None:
    """Where steps tell nothing; one line without names of steps. 1,000 unpriced tokens in the second run."""
    tell(team, run("a", "node prepare", cost_usd=Decimal("0.25"), tokens=Tokens(input=100, output=10)))
    tell(team, run("b", "node prepare", tokens=Tokens(input=1000)))
    tell(team, run("c", "in 7", cost_usd=Decimal(1)), run("d", "told 2", tokens=Tokens(output=3)))
    fold(team)
    bare = "node - provider - model -"
    assert described(team) == [
        "usage good told calls 1 cost 2",
        f"usage good told {bare} in 100 out 13 cost 1.25",
        "usage good unpriced calls 1 in 7 unpriced 7",
        f"usage good unpriced {bare} in 1000 unpriced 1000",
    ]
    assert total(team) == Decimal("3.25")


@pytest.mark.parametrize("back", [0, 1])
def test_lines_outlive_records_and_price_changes_reach_them(team: Team, back: int) -> None:
    """The day, or the one before, is sealed and its records are gone: lines of usage stay, what derives is made."""
    tell(team, run("a", "in 1000 @std"))
    fold(team)
    before = described(team)
    with team_context(team.id):
        seal(team.id, 0, [HOUR.date() - timedelta(days=back)], NOW)
        Execution.objects.all().delete()
        due.mark_between(team.id, AUGUST, SEPTEMBER, NOW)
    lines.fold_all(NOW, team_id=team.id)
    assert described(team) == before
    change(team, "std", "new")
    assert described(team) == ["re_rated good priced @new cost -0.0005", *before]


def test_days_of_the_other_class_seal_nothing(team: Team) -> None:
    """What was sealed is of debug environments: production goes on being made from records, and those of debug stay."""
    tell(team, run("a", "told 1"), run("b", "told 2", environment="Dev"))
    fold(team)
    with team_context(team.id):
        seal(team.id, 1, [HOUR.date()], NOW)
        Execution.objects.all().delete()
        due.mark_between(team.id, AUGUST, SEPTEMBER, NOW)
    lines.fold_all(NOW, team_id=team.id)
    assert described(team) == ["usage good told calls 1 cost 2"]


# Tags.


def test_lines_are_split_by_the_tags_that_the_team_chose(team: Team) -> None:
    """Choosing them has the open hours made again; what is closed stays as it is."""
    tell(team, run("a", "told 1", tags={"customer": "x", "colour": "red"}), run("b", "told 2", tags={"customer": "y"}))
    tell(team, run("c", "told 4"))
    fold(team)
    assert described(team) == ["usage good told calls 3 cost 7"]
    with team_context(team.id):
        set_tag_keys(team.id, ["customer", "centre"], NOW)
    lines.fold_all(NOW, team_id=team.id)
    with team_context(team.id):
        tags = {row.id: row.tags for row in TagSet.objects.all()}
        found = {str(tags.get(line.tag_set_id)): line.cost_usd for line in CostLine.objects.all()}
        by_tag = CostRollup.objects.filter(grain=4, dimension=3).values_list("cost_usd", flat=True)
        assert sorted(by_tag) == [1, 2]
    assert found == {"{'customer': 'x'}": 1, "{'customer': 'y'}": 2, "None": 4}
    assert total(team) == 7
    close(team)
    with team_context(team.id):
        assert set_tag_keys(team.id, ["customer"], NOW) == 0
        assert set_tag_keys(team.id, ["customer"], NOW) == 0


@pytest.mark.parametrize(
    ("keys", "why"), [([""], "empty"), (["a", "a"], "twice"), (["k"] * 11, "10"), (["k" * 81], "80")]
)
def test_keys_of_tags_are_checked(team: Team, keys: list[str], why: str) -> None:
    """Each with its reason."""
    with team_context(team.id), pytest.raises(TagsRefused, match=why):
        set_tag_keys(team.id, keys, NOW)
