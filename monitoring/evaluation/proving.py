"""How often the comparison of before and after is wrong, on simulated runs of a workflow. Pure; seeded.

Runs come as a Poisson process whose volume and failure rate follow the hour of the day and the weekend. The past is
four weeks. After the change it is looked at each hour, until it is decided or the runs that were asked for have come.
"""

import math
from dataclasses import dataclass

import numpy as np

from monitoring.analysis.alike import Alike, Hours
from monitoring.analysis.proof import Outcome, plan, prove

HOURS_BEFORE = 28 * 24
MAX_HOURS_AFTER = 56 * 24


@dataclass(frozen=True, slots=True)
class Setting:
    """A simulated workflow: runs an hour on average, share that fails, what the change makes of it (1: nothing)."""

    runs_per_hour: float
    rate: float
    factor: float = 1.0
    # Swing of volume and rate over the day, as a share; weekends have this share of the volume.
    swing: float = 0.6
    weekend: float = 0.3
    # Standard deviation of the logarithm of each hour's own rate: bursts.
    bursts: float = 0.0
    expected_change: float = -0.5


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of the simulated changes by how they ended; `runs` is the median of the runs after that it took."""

    helped: float
    worse: float
    no_help: float
    undecided: float
    runs: float


def simulate(setting: Setting, repeats: int, seed: int) -> Rates:
    """Many changes of one setting."""
    generator = np.random.default_rng(seed)
    found = [_one(setting, generator) for _ in range(repeats)]
    ends = [outcome for outcome, _ in found]
    helped, worse, no_help, undecided = (
        ends.count(outcome) / repeats
        for outcome in (Outcome.HELPED, Outcome.WORSE, Outcome.NO_HELP, Outcome.CANNOT_TELL)
    )
    return Rates(helped, worse, no_help, undecided, float(np.median([runs for _, runs in found])))


def _one(setting: Setting, generator: np.random.Generator) -> tuple[Outcome, int]:
    before = _hours(setting, generator, 0, HOURS_BEFORE, 1.0)
    planned = plan(before, -setting.expected_change * before.mean, is_share=True)
    if planned is None:
        return Outcome.CANNOT_TELL, 0
    # It goes live at any hour of the week.
    start = HOURS_BEFORE + int(generator.integers(168))
    after = _hours(setting, generator, start, MAX_HOURS_AFTER, setting.factor)
    for end in range(1, len(after.at) + 1):
        part = Hours(after.at[:end], after.runs[:end], after.totals[:end])
        proof = prove(before, part, planned, alike=Alike.HOUR_OF_WEEK, is_share=True)
        if proof.outcome is not Outcome.CANNOT_TELL:
            return proof.outcome, part.count
    return Outcome.CANNOT_TELL, after.count


def _hours(setting: Setting, generator: np.random.Generator, start: int, length: int, factor: float) -> Hours:
    at = np.arange(start, start + length, dtype=np.int64)
    wave = np.sin(2 * math.pi * at / 24)
    is_weekend = at % 168 >= 120
    volume = setting.runs_per_hour * (1 + setting.swing * wave) * np.where(is_weekend, setting.weekend, 1.0)
    # Failures swing the other way: more of them when less runs.
    rate = setting.rate * (1 - setting.swing * wave) * np.where(is_weekend, 1.5, 1.0) * factor
    if setting.bursts:
        rate = rate * np.exp(generator.normal(-(setting.bursts**2) / 2, setting.bursts, length))
    runs = generator.poisson(volume)
    totals = generator.binomial(runs, np.clip(rate, 0, 1))
    told = runs > 0
    return Hours(at[told], runs[told].astype(float), totals[told].astype(float))


# Base rates from rare to frequent, each with a volume that its question needs; flat, swinging and bursty.
SETTINGS = {
    "0.5 %, 120 runs an hour, swings": Setting(120, 0.005),
    "5 %, 20 runs an hour, swings": Setting(20, 0.05),
    "5 %, 20 runs an hour, flat": Setting(20, 0.05, swing=0.0, weekend=1.0),
    "5 %, 3 runs an hour, swings": Setting(3, 0.05),
    "5 %, 60 runs an hour, bursts": Setting(60, 0.05, bursts=0.8),
    "30 %, 10 runs an hour, swings": Setting(10, 0.3, swing=0.4),
    "30 %, 1 run an hour, swings": Setting(1, 0.3, swing=0.4),
}
