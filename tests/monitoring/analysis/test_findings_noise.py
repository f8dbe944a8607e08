"""Healthy workflows make no findings: simulated runs whose failures, times, costs and starts share nothing.

Each rule is tried on many healthy weeks; at most one in twenty may find something, as each is held to 5 %.
"""

import random
from datetime import UTC, datetime, timedelta

import numpy as np

from monitoring.analysis.explanation import Row, explain
from monitoring.analysis.finding_costs import Retried, Spending, expensive, retried, wasted
from monitoring.analysis.finding_failures import Concentrated, Diagnosed, Money, concentrated, diverged
from monitoring.analysis.finding_triggers import badly_started
from monitoring.analysis.findings import Candidate, Span
from monitoring.analysis.leaf_table import LeafTable
from monitoring.analysis.triggers import Start, read_triggers

START = datetime(2026, 8, 5, tzinfo=UTC)
END = START + timedelta(days=7)
SPAN = Span(START, END, 28)
WEEKS = 120
RUNS = 1_000


def week(chance: random.Random) -> list[Candidate]:
    """The concentrations of one healthy week: 2 % of runs fail, whatever their step, input, release, trigger, hour."""
    sizes = {"step": 8, "input": 4, "release": 3, "trigger": 2, "hour": 24, "input.country": 12}
    numbers = np.random.default_rng(chance.randrange(2**32))
    codes = np.column_stack([numbers.integers(0, size, RUNS) for size in sizes.values()])
    bad = (numbers.random(RUNS) < 0.02).astype(np.float64)
    values = [[f"{name}-{n}" for n in range(size)] for name, size in sizes.items()]
    explained = explain([LeafTable(list(sizes), values, codes, bad, np.ones(RUNS))])
    rows: dict[object, Row] = {row.combination: row for _, row in explained.rows}
    found = []
    for part in explained.explanations[0].parts:
        finding = rows[part.combination].finding
        figures = (finding.failures, finding.failures / finding.share, finding.share, finding.usual)
        more = (finding.lift, finding.low, finding.high, finding.p_value)
        found.append(Concentrated(part, *figures, *more, points=[1] * 28))
    failures = int(bad.sum())
    spent = Spending(RUNS, RUNS * 0.01, failures, failures * 0.01, failures, failures * 0.02, 0.02)
    return [
        *concentrated(found, failures, SPAN, Money(), {}),
        *expensive(found, spent, SPAN, {}),
        *wasted(spent, SPAN),
    ]


def test_failures_by_chance_are_not_concentrated() -> None:
    chance = random.Random(7)
    wrong = sum(bool(week(chance)) for _ in range(WEEKS))
    assert wrong <= 0.05 * WEEKS


def test_starts_with_jitter_miss_nothing() -> None:
    chance, wrong = random.Random(8), 0
    for _ in range(WEEKS):
        every = chance.choice([300, 900, 3_600, 21_600])
        jitter = chance.choice([1, 30, every * 0.1])
        count = 7 * 86_400 // every
        starts = [
            Start(START + timedelta(seconds=n * every + chance.uniform(0, jitter)), chance.uniform(0, every * 700))
            for n in range(count)
        ]
        wrong += bool(badly_started(read_triggers(starts, END), SPAN, None))
    assert wrong == 0


def test_starts_by_chance_miss_nothing_and_repeat_nothing() -> None:
    chance, wrong = random.Random(9), 0
    for _ in range(WEEKS):
        starts = [
            Start(START + timedelta(seconds=chance.uniform(0, 7 * 86_400)), 1_000.0, f"{chance.randrange(200)}")
            for _ in range(1_000)
        ]
        wrong += bool(badly_started(read_triggers(starts, END), SPAN, None))
    assert wrong <= 0.05 * WEEKS


def test_few_retries_and_divergences_by_chance_are_no_finding() -> None:
    chance, wrong = random.Random(10), 0
    for _ in range(WEEKS):
        again = sum(chance.random() < 0.02 for _ in range(RUNS))
        row = Retried("work", RUNS, again, again * 9 // 10, 1_000.0 * again, None)
        nodes = [Diagnosed(f"node {n}", "missing", "end", 0) for n in range(8)]
        counts = [0] * 8
        for _ in range(30):
            counts[chance.randrange(8)] += 1
        told = [Diagnosed(one.node, one.what, one.symptom, count) for one, count in zip(nodes, counts, strict=True)]
        wrong += bool([*retried([row], 5_000.0, SPAN), *diverged(told, 30, 30, SPAN, Money())])
    assert wrong <= 0.05 * WEEKS
