"""`make accuracy`: how often the analysis is right, on files with known answers (SHARED, by default ../shared).

`manage.py analyse` answers, the scorer that lies beside the files counts; healthy executions are broken on purpose by
`monitoring.evaluation.injection`. Prints one table: what, of how many, right, limit.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.usage_import import totals

SHARED = Path(os.environ.get("SHARED", "../shared"))
COHORTS = ("gha_runs.jsonl", "tau_airline.jsonl", "trace_runs.jsonl.gz")
CASES = {
    "concentration": "concentration_cases.jsonl",
    "divergence": "divergence_runs.jsonl",
    "traces": "trace_runs.jsonl.gz",
    "baseline": "alerts",
}
LABELS = {
    "concentration": "concentration_labels.json",
    "divergence": "divergence_labels.json",
    "traces": "trace_labels.json",
    "baseline": "alerts_windows.json",
}
# What the scorer calls it, and what else it wants to know, where that differs.
SCORED: dict[str, list[str]] = {"baseline": ["alerts", "--series", str(SHARED / "data" / CASES["baseline"])]}
# What it is, of how many, the share that is right (or, in the last of a cohort, wrong), and what is asked of it.
Row = tuple[str, int, float, str]


def score(kind: str, folder: Path) -> dict[str, Any]:
    """The scorer's figures for the answers of the product's own command."""
    answers = folder / f"{kind}.json"
    data = SHARED / "data"
    command = [sys.executable, "manage.py", "analyse", kind, str(data / CASES[kind]), "--answers", str(answers)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    scorer = [sys.executable, str(SHARED / "tools" / "score.py"), *SCORED.get(kind, [kind])]
    told = subprocess.run(
        [*scorer, "--labels", str(data / LABELS[kind]), "--answers", str(answers)],
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(told.stdout))


def concentration(folder: Path) -> Iterator[Row]:
    """Exact-match F1, in all and by the number of attributes in the cause."""
    found = score("concentration", folder)
    limits = {"1": "at least 0.95"}
    yield "concentration, F1", found["cases"], found["f1"], "at least 0.75"
    for size, part in found["by_attributes_in_cause"].items():
        words = "several causes" if size == "several" else f"causes of {size}"
        yield f"concentration, F1, {words}", part["cases"], part["f1"], limits.get(size, "")


def divergence(folder: Path) -> Iterator[Row]:
    """Agent and step of the first divergence without a cohort."""
    found = score("divergence", folder)
    for kind, agent, step in (("algorithm_generated", 0.58, 0.43), ("hand_crafted", 0.57, 0.19)):
        part, words = found[kind], kind.replace("_", " ")
        yield f"first divergence alone, agent, {words}", part["runs"], part["agent"] / 100, f"above {agent}"
        yield f"first divergence alone, step, {words}", part["runs"], part["step"] / 100, f"above {step}"


def cohorts() -> Iterator[Row]:
    """First divergence, cause and false alarms on healthy executions that were broken on purpose."""
    from monitoring.evaluation.injection import measure_file

    for name in COHORTS:
        found = measure_file(SHARED / "data" / name)
        source = name.partition(".")[0]
        tried = sum(one.tried for one in found.kinds.values())
        apart = sum(one.told_apart for one in found.kinds.values())
        yield f"first divergence with a cohort, step, {source}", tried, found.share_first(), "at least 0.95"
        yield f"cause against symptom, {source}", apart, found.share_cause(), "at least 0.90"
        yield f"false divergence of healthy ones, {source}", found.healthy, found.share_false(), "at most 0.02"
        for kind, one in sorted(found.kinds.items()):
            if one.tried:
                yield f"    {kind}", one.tried, one.first / one.tried, ""


def traces(folder: Path) -> Iterator[Row]:
    """The faulty service among the first one, three and five."""
    found = score("traces", folder)
    for count in (1, 3, 5):
        yield f"faulty service among the first {count}", found["cases"], found[f"AS@{count}"] / 100, "to be told"


def baseline(folder: Path) -> Iterator[Row]:
    """The NAB score (standard profile, as a share of 100) of the baseline rule on series, and what it is made of."""
    found = score("baseline", folder)
    windows, false = found["windows"], found["false_alarms"]
    opened = sum(len(times) for times in json.loads((folder / "baseline.json").read_text()).values())
    yield "baseline rule, NAB score / 100", found["series"], found["nab_standard"] / 100, "at least 0.50"
    yield "baseline rule, labelled windows found", windows, found["windows_hit"] / windows, ""
    yield "baseline rule, openings outside of windows", opened, false / max(1, opened), ""


def main() -> int:
    """Prints the table; a missing folder is an error that says what to set."""
    if not (SHARED / "data").is_dir():
        print(f"no labelled files in {SHARED}: set SHARED to the folder that has data/ and tools/score.py")
        return 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"{'what':<58} {'of':>6} {'share':>7}  limit")
        for rows in (
            concentration(folder),
            divergence(folder),
            cohorts(),
            traces(folder),
            baseline(folder),
            totals(SHARED / "data"),
        ):
            for what, count, share, limit in rows:
                print(f"{what:<58} {count:>6} {share:>7.3f}  {limit}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
