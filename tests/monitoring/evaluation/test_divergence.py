"""The accuracy that the documents state, floors of it, from the sample that ships."""

import json
from pathlib import Path

import pytest

from monitoring.evaluation.divergence import answer_file
from monitoring.evaluation.injection import measure_file

SAMPLE = Path(__file__).parents[3] / "sample"


@pytest.mark.parametrize("name", ["gha_runs.jsonl.gz", "tau_airline.jsonl.gz"])
def test_injected_divergences_are_found_and_healthy_executions_left_alone(name: str) -> None:
    measured = measure_file(SAMPLE / name, seed=1, rounds=1)
    assert measured.share_first() >= 0.95
    assert measured.share_cause() >= 0.9
    # Of 16 executions one is 6 %: the share is held on the larger files, see docs/analysis/divergence.md.
    assert measured.false <= max(1, 0.02 * measured.healthy)
    again = measure_file(SAMPLE / name, seed=1, rounds=1)
    assert again == measured


def test_answers_name_agent_and_step_and_a_broken_file_its_line(tmp_path: Path) -> None:
    said = [("human", "How many?"), ("lead (thought)", "```x```"), ("run", "exitcode: 1 (execution failed)")]
    steps = [
        {"id": str(n), "node": node, "status": "failed" if n == 2 else "success", "attributes": {"content": text}}
        for n, (node, text) in enumerate([*said, ("lead (thought)", "Hm.")])
    ]
    file = tmp_path / "runs.jsonl"
    file.write_text(json.dumps({"id": "a", "status": "failed", "steps": steps}) + "\n\n" + '{"id": "b", "steps": []}\n')
    assert answer_file(file) == {"a": {"agent": "lead", "step": 1}}
    file.write_text("[1]\n")
    with pytest.raises(ValueError, match="line 1"):
        answer_file(file)
