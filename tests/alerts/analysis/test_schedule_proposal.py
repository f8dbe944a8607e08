"""The schedule that history proposes: found again from starts that jitter, over summer time, with some left out."""

import random
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.analysis.schedule_proposal import propose_schedule
from alerts.analysis.schedules import check_schedule

# Four weeks before summer time begins in Europe/Berlin.
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
ZONE = "Europe/Berlin"
KINDS = [
    ("* * * * *", 150, 10),
    ("*/5 * * * *", 150, 20),
    ("3-59/10 * * * *", 100, 10),
    ("*/30 * * * *", 150, 90),
    ("0 * * * *", 100, 120),
    ("15 */6 * * *", 120, 60),
    ("30 2 * * *", 60, 300),
    ("0 7 * * 1-5", 60, 60),
    ("0 9 * * 1", 12, 60),
    ("0 6 * * 1,4", 20, 20),
    ("10 8-18 * * *", 150, 60),
    ("0 0 1 * *", 10, 60),
]


def starts_of(cron: str, count: int, jitter_s: float, seed: int = 1, left_out: float = 0.02) -> list[datetime]:
    """Starts of a schedule, each a little late, some left out."""
    rng = random.Random(seed)
    dues = (due.astimezone(UTC) for due in CronSim(cron, SINCE.astimezone(ZoneInfo(ZONE))))
    came = (due for due in dues if rng.random() >= left_out)
    return [due + timedelta(seconds=rng.uniform(0, jitter_s)) for due in islice(came, count)]


@pytest.mark.parametrize(("cron", "count", "jitter_s"), KINDS)
def test_a_schedule_is_found_again(cron: str, count: int, jitter_s: float) -> None:
    found = propose_schedule(starts_of(cron, count, jitter_s), (ZONE, "UTC"))
    assert found is not None
    assert (found.cron, found.period_s) == (cron, None)
    assert check_schedule(found.as_parameters()) == {}
    assert f"{count if count < 150 else 150} were expected" in found.words


@settings(max_examples=15)
@given(st.randoms(use_true_random=False), st.integers(0, 10**6))
def test_order_and_repetition_do_not_matter(rng: random.Random, seed: int) -> None:
    starts = starts_of("30 2 * * *", 30, 300, seed)
    mixed = [*starts, *starts[:7]]
    rng.shuffle(mixed)
    assert propose_schedule(mixed, (ZONE,)) == propose_schedule(starts, (ZONE,))


def test_only_the_right_zone_keeps_its_hour_over_summer_time() -> None:
    found = propose_schedule(starts_of("30 7 * * *", 60, 60), ("UTC", ZONE))
    assert found is not None
    assert (found.cron, found.zone) == ("30 7 * * *", ZONE)
    assert found.words == "every day at 07:30 (Europe/Berlin): 60 of 60 expected runs came, 60 of 60 were expected"


def test_the_grace_covers_starts_that_are_usually_late() -> None:
    prompt, slow = (propose_schedule(starts_of("0 * * * *", 100, late), (ZONE,)) for late in (5, 500))
    assert prompt is not None
    assert slow is not None
    assert (prompt.grace_s, slow.grace_s) == (300, 1_800)


def test_what_no_cron_expression_says_may_have_a_period() -> None:
    rng = random.Random(3)
    starts = [SINCE + number * timedelta(minutes=47) + timedelta(seconds=rng.uniform(-60, 60)) for number in range(100)]
    found = propose_schedule(starts)
    assert found is not None
    assert found.as_parameters() == {"period_s": 2_820, "grace_s": 300}
    assert found.words.startswith("every 47 min after the last start: usually every 47 min")


def test_nothing_is_proposed_without_a_rhythm() -> None:
    rng = random.Random(4)
    starts = [SINCE]
    for _ in range(150):
        starts.append(starts[-1] + timedelta(minutes=rng.expovariate(1 / 60)))
    assert propose_schedule(starts) is None
    assert propose_schedule(starts[:5]) is None
    assert propose_schedule([]) is None


def test_attempts_that_start_together_are_one_run() -> None:
    starts = starts_of("*/30 * * * *", 60, 5)
    twins = [start + timedelta(seconds=9) for start in starts]
    found = propose_schedule([*starts, *twins], (ZONE,))
    assert found is not None
    assert found.cron == "*/30 * * * *"
