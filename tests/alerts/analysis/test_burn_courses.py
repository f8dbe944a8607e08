"""Burn rates over arrays are those of single looks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.analysis.burn_courses import LONGEST, burned
from alerts.analysis.sliding import Buckets
from monitoring.analysis.objectives import ALARMS, Recent, burn
from monitoring.windows import HOUR, MINUTE

LONGEST_MINUTES = LONGEST // MINUTE
COUNT = LONGEST_MINUTES + 240


@settings(max_examples=10)
@given(st.randoms(use_true_random=False), st.sampled_from([0.9, 0.99, 0.999]), st.sampled_from([0.0, 0.02, 0.5]))
def test_each_minute_says_what_a_look_says(random, objective, quiet) -> None:
    numbers = np.random.default_rng(random.randint(0, 10**9))
    rated = numbers.poisson(0.5, COUNT).astype(float)
    rated[numbers.random(COUNT) < quiet] = 0
    shares = np.repeat(numbers.choice([0.0, 0.01, 0.2, 0.6], COUNT // 60 + 1), 60)[:COUNT]
    failing = numbers.binomial(rated.astype(int), shares).astype(float)
    found = burned(Buckets(COUNT, {"rated": rated, "failing": failing}), objective)
    lengths = {hours for alarm in ALARMS for hours in (alarm.long_hours, alarm.short_hours)}
    for place in range(0, 241, 24):
        end = LONGEST_MINUTES + place
        windows = {hours: slice(end - round(hours * 60), end) for hours in lengths}
        # Three days are read by whole hours.
        windows[72] = slice(end // 60 * 60 - LONGEST_MINUTES, end)
        recent = [Recent(hours, int(rated[part].sum()), int(failing[part].sum())) for hours, part in windows.items()]
        told = burn(objective, recent)
        value, high = found.values[place], found.high[place]
        assert (None if np.isnan(value) else value) == pytest.approx(told.rate)
        assert np.isnan(high) != told.is_too_fast


def test_an_objective_of_all_leaves_no_budget() -> None:
    ones = np.ones(COUNT)
    found = burned(Buckets(COUNT, {"rated": ones, "failing": ones}), 1.0)
    assert np.isnan(found.values).all()


def test_by_the_hour_short_windows_are_a_whole_one() -> None:
    rated, failing = np.full(80, 20.0), np.zeros(80)
    failing[75] = 20
    found = burned(Buckets(80, {"rated": rated, "failing": failing}), 0.98, HOUR)
    fast = [place + 72 for place in range(9) if found.high[place] == 14.4]
    assert fast == [76]
