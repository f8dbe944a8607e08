"""Answers to files of cases, and how often they are right on incidents of known cause."""

import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from monitoring.evaluation.concentration import answer_case, answer_file
from monitoring.evaluation.incidents import f1, incidents, main

COLUMNS = ["minute", "cdn", "bitrate", "p2p", "device", "total", "failed"]
INCIDENT = 1_600_000_600


def traffic(seed: int, *, minutes: int = 10) -> dict:
    """Healthy minutes of a made-up video service: every leaf has its own traffic and its own usual rate."""
    random = np.random.default_rng(seed)
    leaves = [(c, b, p, d) for c in "3567" for b in ("500", "2000", "4000") for p in "01" for d in ("ios", "adr", "C1")]
    size = random.lognormal(3.5, 1.0, len(leaves))
    rate = random.beta(2, 80, len(leaves))
    rows = []
    for ago in range(minutes, -1, -1):
        runs = random.poisson(size)
        failed = random.binomial(runs, rate)
        rows += [
            [INCIDENT - 60 * ago, *leaf, int(n), int(x)] for leaf, n, x in zip(leaves, runs, failed, strict=True) if n
        ]
    return {"case": f"t{seed}", "dimensions": COLUMNS[1:-2], "minute": INCIDENT, "columns": COLUMNS, "rows": rows}


@pytest.fixture(scope="module")
def cases() -> list[dict]:
    return [traffic(seed) for seed in range(8)]


@pytest.mark.parametrize(("uneven", "least", "least_single"), [(0.0, 0.85, 0.95), (0.5, 0.8, 0.9)])
def test_injected_incidents_are_mostly_named_exactly(cases, uneven, least, least_single):
    told = incidents(cases, 80, 7, uneven)
    single = [each for each in told if len(each.causes) == 1 and "&" not in next(iter(each.causes))]
    assert len(told) == 80
    assert len(single) > 20
    assert f1(told) >= least
    assert f1(single) >= least_single


def test_healthy_minutes_have_no_cause(cases):
    assert sum(bool(answer_case(case)) for case in cases) == 0


def test_incidents_are_the_same_for_a_seed_and_leave_the_cases_as_they_were(cases):
    before = json.dumps(cases)
    assert incidents(cases, 5, 3) == incidents(cases, 5, 3)
    assert json.dumps(cases) == before


def broken(case: dict, **cause: str) -> dict:
    places = {COLUMNS.index(name): value for name, value in cause.items()}
    rows = [
        [*row[:-1], row[-1] + (row[-2] - row[-1]) // 2]
        if row[0] == INCIDENT and all(row[place] == value for place, value in places.items())
        else row
        for row in case["rows"]
    ]
    return {**case, "rows": rows}


def test_the_command_answers_a_file(tmp_path, cases):
    source, answers = tmp_path / "cases.jsonl", tmp_path / "answers.json"
    lines = [broken(cases[0], bitrate="500", p2p="0"), {**broken(cases[1], cdn="5"), "case": "two"}]
    source.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n")
    call_command("analyse", "concentration", str(source), answers=answers)
    assert json.loads(answers.read_text()) == {"t0": ["bitrate=500&p2p=0"], "two": ["cdn=5"]}


def test_columns_may_come_in_any_order(cases):
    case = broken(cases[0], bitrate="500", p2p="0")
    turned = {**case, "columns": COLUMNS[::-1], "rows": [row[::-1] for row in case["rows"]]}
    assert answer_case(turned) == answer_case(case)


def test_a_case_without_minutes_before_is_compared_with_all_runs(cases):
    case = broken(cases[0], cdn="5")
    alone = {**case, "rows": [row for row in case["rows"] if row[0] == INCIDENT]}
    assert answer_case(alone) == ["cdn=5"]


def test_a_case_without_rows_has_no_cause(cases):
    assert answer_case({**cases[0], "rows": []}) == []


@pytest.mark.parametrize("line", ["{", "[]", '{"case": "a"}', '"text"'])
def test_a_line_that_is_no_case_is_named(tmp_path, line):
    source = tmp_path / "cases.jsonl"
    source.write_text(line)
    with pytest.raises(ValueError, match="line 1 is not a case"):
        answer_file(source)
    with pytest.raises(CommandError, match="line 1 is not a case"):
        call_command("analyse", "concentration", str(source), answers=tmp_path / "answers.json")


def test_the_figures_can_be_printed(tmp_path, cases, capsys):
    source = tmp_path / "cases.jsonl"
    source.write_text("\n".join(json.dumps(case) for case in cases[:2]))
    main([str(source), "--count", "4"])
    even, uneven = capsys.readouterr().out.splitlines()
    assert even.startswith("even: ")
    assert "of 4" in uneven
