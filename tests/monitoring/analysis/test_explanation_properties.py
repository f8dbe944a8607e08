"""The order of rows, how they are split, and the codes of values change nothing in an explanation."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.analysis.explanation import explain
from monitoring.analysis.leaf_table import LeafTable

COUNTED = ("bad", "base", "usual_base", "usual_bad")


@st.composite
def tables(draw) -> LeafTable:
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    rows = draw(st.integers(1, 30))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    codes = np.column_stack([random.integers(-1, size, rows) for size in sizes]).astype(np.int64)
    base = random.integers(0, 200, rows).astype(np.float64)
    chance = np.where(codes[:, 0] == 0, draw(st.sampled_from([0.05, 0.5])), 0.05)
    usual_base = random.integers(0, 500, rows).astype(np.float64)
    usual = draw(st.booleans())
    return LeafTable(
        [f"a{place}" for place in range(len(sizes))],
        [[f"v{value}" for value in range(size)] for size in sizes],
        codes,
        random.binomial(base.astype(int), chance).astype(np.float64),
        base,
        usual_base if usual else None,
        random.binomial(usual_base.astype(int), 0.05).astype(np.float64) if usual else None,
    )


def figures(table: LeafTable) -> tuple:
    """All that a user sees, floats to nine digits."""
    explained = explain([table])
    explanation = explained.explanations[0]
    rows = [
        (row.combination, row.runs, row.finding.failures, row.relation, row.because, _digits(row.finding.p_value))
        for _, row in explained.rows
    ]
    parts = [(part.combination, part.runs, part.failures, part.added) for part in explanation.parts]
    return explanation.reach, parts, sorted(rows), explained.looked_at


def _digits(number: float | None) -> str:
    return "" if number is None else f"{number:.9g}"


def taken(table: LeafTable, rows: np.ndarray) -> LeafTable:
    counts = {name: None if (told := getattr(table, name)) is None else told[rows] for name in COUNTED}
    return replace(table, codes=table.codes[rows], **counts)


@settings(deadline=None, max_examples=60)
@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(table, random):
    order = list(range(len(table.codes)))
    random.shuffle(order)
    assert figures(taken(table, np.array(order))) == figures(table)


@settings(deadline=None, max_examples=60)
@given(tables(), st.integers(0, 2**32 - 1))
def test_splitting_a_row_in_two_does_not_matter(table, seed):
    random = np.random.default_rng(seed)
    doubled = taken(table, np.repeat(np.arange(len(table.codes)), 2))
    counts = {}
    succeeded = random.binomial((table.base - table.bad).astype(int), 0.4).astype(np.float64)
    for name in COUNTED:
        whole = getattr(table, name)
        if whole is not None:
            first = random.binomial(whole.astype(int), 0.4).astype(np.float64)
            counts[name] = np.column_stack([first, whole - first]).ravel()
    bad = counts["bad"]
    counts["base"] = bad + np.column_stack([succeeded, table.base - table.bad - succeeded]).ravel()
    assert figures(replace(doubled, **counts)) == figures(table)


@settings(deadline=None, max_examples=60)
@given(tables(), st.randoms(use_true_random=False))
def test_the_codes_of_values_do_not_matter(table, random):
    values, columns = [], []
    for place, names in enumerate(table.values):
        order = list(range(len(names)))
        random.shuffle(order)
        values.append([names[old] for old in order])
        new = np.array([*np.argsort(order), -1], dtype=np.int64)
        columns.append(new[table.codes[:, place]])
    assert figures(replace(table, values=values, codes=np.column_stack(columns))) == figures(table)


@settings(deadline=None, max_examples=60)
@given(tables())
def test_parts_add_up_and_every_figure_is_a_possible_one(table):
    explained = explain([table])
    explanation = explained.explanations[0]
    covered = 0
    for part in explanation.parts:
        covered += part.added
        assert 0 < part.added <= part.failures <= part.runs
        assert part.covered * explanation.failures == np.float64(covered).round(6) or np.isclose(
            part.covered * explanation.failures, covered
        )
    assert covered <= explanation.failures == round(table.bad.sum())
    for _, row in explained.rows:
        assert 0 < row.finding.share <= 1
        assert row.finding.p_value is None or 0 <= row.finding.p_value <= 1
