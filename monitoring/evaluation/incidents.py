"""Incidents with a known cause, injected into the healthy minutes of a file of cases: accuracy without labels.

`python -m monitoring.evaluation.incidents FILE [--count N] [--seed N]` prints exact-match F1 on them. Each incident is
the file's own traffic up to a healthy minute, in which the runs of one or two random combinations fail more often, by
a random part of 5, 10, 20 or 40 %; uneven ones by a part that differs between the values of other attributes.
"""

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from monitoring.evaluation.concentration import answer_case

# Spread of the severity between values of other attributes (standard deviation of its logarithm) in uneven incidents.
UNEVEN = 0.5
STRENGTHS = (0.05, 0.1, 0.2, 0.4)
# Runs of a cause: of all runs, and of what it would be with one attribute less (else the two cannot be told apart).
RUN_SHARE = (0.01, 0.6)
OF_WIDER = 0.8
# An incident adds this part to the failures, and each of several causes this part of what is added.
MIN_ADDED = 0.2
MIN_PART = 0.15
MIN_FAILURES = 30
# A minute is healthy when it fails less than this times the median minute.
HEALTHY = 1.3
_MINUTES_BEFORE = 3


@dataclass(frozen=True, slots=True)
class Incident:
    """A case as `answer_case` reads it, and its causes."""

    case: Mapping[str, Any]
    causes: frozenset[str]


def incidents(cases: Sequence[Mapping[str, Any]], count: int, seed: int, uneven: float = 0.0) -> list[Incident]:
    """`count` incidents; the same ones for the same cases and seed. Fewer when the cases hardly allow any."""
    random = np.random.default_rng(seed)
    told: list[Incident] = []
    for _ in range(60 * count):
        if len(told) == count:
            break
        incident = _incident(cases[int(random.integers(len(cases)))], random, uneven)
        told += [incident] if incident else []
    return told


def _incident(case: Mapping[str, Any], random: np.random.Generator, uneven: float) -> Incident | None:
    minute = _healthy_minute(case, random)
    if minute is None:
        return None
    dimensions = list(case["dimensions"])
    columns = ["minute", *dimensions, "total", "failed"]
    places = [case["columns"].index(name) for name in columns]
    rows = [[row[place] for place in places] for row in case["rows"]]
    rows = [row for row in rows if row[0] <= minute]
    current = [row for row in rows if row[0] == minute]
    causes = _causes(current, len(dimensions), random)
    if not causes or not _inject(current, causes, random, uneven):
        return None
    names = frozenset("&".join(f"{dimensions[place]}={value}" for place, value in cause.items()) for cause in causes)
    return Incident(
        {"case": case["case"], "dimensions": dimensions, "minute": minute, "columns": columns, "rows": rows}, names
    )


def _healthy_minute(case: Mapping[str, Any], random: np.random.Generator) -> int | None:
    at, total, failed = (case["columns"].index(name) for name in ("minute", "total", "failed"))
    counts: dict[int, list[int]] = {}
    for row in case["rows"]:
        if row[at] < case["minute"]:
            each = counts.setdefault(row[at], [0, 0])
            each[0] += row[total]
            each[1] += row[failed]
    rates = {minute: failures / max(runs, 1) for minute, (runs, failures) in counts.items()}
    later = sorted(rates)[_MINUTES_BEFORE:]
    healthy = [minute for minute in later if rates[minute] < HEALTHY * float(np.median(list(rates.values())))]
    return healthy[random.integers(len(healthy))] if healthy else None


_Cause = dict[int, Any]


def _runs(rows: Sequence[Sequence[Any]], cause: _Cause) -> int:
    return sum(row[-2] for row in rows if _has(row, cause))


def _has(row: Sequence[Any], cause: _Cause) -> bool:
    return all(row[1 + place] == value for place, value in cause.items())


def _causes(rows: Sequence[Sequence[Any]], dimensions: int, random: np.random.Generator) -> list[_Cause]:
    """One or two (one in five) random combinations of the same one to three attributes, that can be told apart."""
    size = min(int(random.choice([1, 2, 3], p=[0.45, 0.3, 0.25])), dimensions)
    wanted = 2 if random.random() < 0.2 else 1
    places = sorted(random.choice(dimensions, size, replace=False).tolist())
    told = sorted({tuple(row[1 + place] for place in places) for row in rows}, key=str)
    all_runs = _runs(rows, {})
    fit: list[_Cause] = []
    for values in told:
        cause = dict(zip(places, values, strict=True))
        runs = _runs(rows, cause)
        wider = min(_runs(rows, {each: cause[each] for each in places if each != left}) for left in places)
        if RUN_SHARE[0] * all_runs <= runs <= min(RUN_SHARE[1] * all_runs, OF_WIDER * wider):
            fit.append(cause)
    if len(fit) < wanted:
        return []
    causes = [fit[place] for place in random.permutation(len(fit))[:wanted]]
    if wanted == 2:
        both = {place: value for place, value in causes[0].items() if causes[1][place] == value}
        if sum(_runs(rows, cause) for cause in causes) > OF_WIDER * _runs(rows, both):
            return []
    return causes


def _inject(rows: Sequence[list[Any]], causes: Sequence[_Cause], random: np.random.Generator, uneven: float) -> bool:
    """Lets runs of the causes fail; whether that made a visible incident."""
    before = sum(row[-1] for row in rows)
    strength = float(random.choice(STRENGTHS))
    severity: dict[tuple[int, Any], float] = {}
    added = []
    for cause in causes:
        part = strength * random.uniform(0.7, 1.3)
        failed = 0
        for row in (row for row in rows if _has(row, cause)):
            chance = part
            for place in range(len(row) - 3):
                if place not in cause and uneven:
                    key = (place, row[1 + place])
                    chance *= severity.setdefault(key, math.exp(random.normal(0, uneven)))
            more = int(random.binomial(row[-2] - row[-1], min(chance, 0.95)))
            row[-1] += more
            failed += more
        added.append(failed)
    return min(added) >= max(MIN_FAILURES, MIN_PART * sum(added)) and sum(added) >= MIN_ADDED * before


def f1(told: Sequence[Incident]) -> float:
    """Exact-match F1 of the answers: of causes that were named, and of names that are causes."""
    right = wrong = missed = 0
    for incident in told:
        answers = {"&".join(sorted(answer.split("&"))) for answer in answer_case(incident.case)}
        causes = {"&".join(sorted(cause.split("&"))) for cause in incident.causes}
        right += len(answers & causes)
        wrong += len(answers - causes)
        missed += len(causes - answers)
    return 2 * right / max(1, 2 * right + wrong + missed)


def main(arguments: Sequence[str]) -> None:
    """Prints the figures for even and uneven incidents, by the number of attributes of the cause."""
    parser = argparse.ArgumentParser(description="Accuracy on incidents injected into the healthy minutes of a file.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    with options.file.open(encoding="utf-8") as lines:
        cases = [json.loads(line) for line in lines if line.strip()]
    for name, uneven in (("even", 0.0), ("uneven", UNEVEN)):
        told = incidents(cases, options.count, options.seed, uneven)
        kinds: dict[str, list[Incident]] = {"all": told}
        for incident in told:
            size = next(iter(incident.causes)).count("&") + 1
            kinds.setdefault("several" if len(incident.causes) > 1 else str(size), []).append(incident)
        figures = ", ".join(f"{kind} {f1(group):.3f} of {len(group)}" for kind, group in sorted(kinds.items()))
        sys.stdout.write(f"{name}: {figures}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
