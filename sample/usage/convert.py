"""Makes the files of this folder: `python sample/usage/convert.py FOLDER`, where FOLDER holds the two sources as CSV.

One execution a line, with one model step. No source tells when to place a run here: times are left out, what was told
of them is kept as an attribute, and loading places them.
"""

import csv
import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent
AZURE_EVERY = 30
# Who makes the models that aider takes without a provider, and those that it takes through OpenAI's protocol.
MAKERS = {"gpt": "openai", "o1": "openai", "o3": "openai", "o4": "openai", "claude": "anthropic"}
FIGURES = ("test_cases", "pass_num_2", "error_outputs", "num_malformed_responses", "exhausted_context_windows")
Item = dict[str, Any]


def aider(path: Path) -> Iterator[Item]:
    """Every run: tokens and cost of a whole benchmark run, where they were told."""
    for row in read(path):
        provider, model = model_of(row)
        about = {"original_date": row["date"], "listed_as": row["model"], "edit_format": row["edit_format"]}
        step = {"node": "edit", "provider": provider, "model": model, "cost_usd": number(row["total_cost"])}
        step |= {"input_tokens": number(row["prompt_tokens"]), "output_tokens": number(row["completion_tokens"])}
        figures = {name: number(row[name]) for name in (*FIGURES, "test_timeouts", "seconds_per_case")}
        yield {
            "id": f"aider-{row['dirname']}",
            "source": "aider",
            "workflow": "polyglot-benchmark",
            "version": row["versions"],
            "status": "success",
            "attributes": about | figures,
            "steps": [{"id": "1", "kind": "llm", "status": "success", **step}],
        }


def azure(path: Path) -> Iterator[Item]:
    """Every thirtieth call. The trace tells no model; it is one of Azure's own service."""
    for place, row in enumerate(read(path)):
        if place % AZURE_EVERY == 0:
            step = {
                "provider": "azure",
                "input_tokens": number(row["ContextTokens"]),
                "output_tokens": number(row["GeneratedTokens"]),
            }
            yield {
                "id": f"azure-code-{place + 1}",
                "source": "azure-llm-trace",
                "workflow": "code-service",
                "status": "success",
                "attributes": {"original_timestamp": row["TIMESTAMP"]},
                "steps": [{"id": "1", "node": "complete", "kind": "llm", "status": "success", **step}],
            }


def model_of(row: dict[str, str]) -> tuple[str | None, str]:
    """Provider and model as the run's own command names them; a short name gives way to the listed one."""
    told = row["command"].partition("--model ")[2].split()[0]
    provider, _, model = told.partition("/") if "/" in told else ("", "", told)
    name = row["model"].partition(" (")[0] if model == "sonnet" else model
    if provider in ("", "openai"):
        return next((maker for start, maker in MAKERS.items() if name.startswith(start)), None), name
    return provider, name


def number(text: str) -> float | int | None:
    """A figure; empty is not told."""
    return (float(text) if "." in text else int(text)) if text else None


def read(path: Path) -> Iterator[dict[str, str]]:
    """Rows by their heads."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def write(name: str, items: Iterator[Item]) -> None:
    """The same bytes for the same items."""
    text = "".join(json.dumps(item, separators=(",", ":")) + "\n" for item in items)
    (TARGET / name).write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    write("aider_runs.jsonl.gz", aider(Path(sys.argv[1]) / "aider_runs.csv"))
    write("azure_llm_code.jsonl.gz", azure(Path(sys.argv[1]) / "azure_llm_code.csv"))
