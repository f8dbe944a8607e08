"""Answers for labelled conversations that failed, by the product's own analysis: no cohort, no model."""

from pathlib import Path
from typing import Any

from monitoring.analysis.conversation import agent_of
from monitoring.analysis.divergence import find_divergence
from monitoring.evaluation.runs import Record, read_records, to_run


def answer_file(path: Path) -> dict[str, Any]:
    """`{run: {"agent": node, "step": index}}` for a file of executions; a run about which nothing can be told is left
    out. ValueError when the file is none of executions.
    """
    answers = {str(record["id"]): answer(record) for record in read_records(path)}
    return {run: found for run, found in answers.items() if found is not None}


def answer(record: Record) -> dict[str, Any] | None:
    """The agent and the step (its position, from 0) of the first divergence of an execution."""
    found = find_divergence(to_run(record), None)
    step = found.step_id
    if step is None:
        return None
    return {"agent": agent_of(record["steps"][step]["node"]), "step": step}
