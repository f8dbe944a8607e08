"""The forms of history files and how each is recognised. An item of any form becomes an item of the REST way in."""

from collections.abc import Callable
from typing import Any

from ingestion.adapters.forgive import forgive
from ingestion.history import airflow, github, n8n, records

Translate = Callable[[dict[str, Any]], dict[str, Any]]


def translator_of(item: dict[str, Any]) -> Translate:
    """Who reads an item that stands alone, by the fields that only its form has."""
    if "run_attempt" in item and "workflow_id" in item:
        return github.translate
    if "dag_run_id" in item:
        return airflow.translate
    if "workflowId" in item and ("startedAt" in item or "mode" in item):
        return n8n.translate
    return records.translate


def translate(item: dict[str, Any]) -> dict[str, Any]:
    """An item of history in the words of the REST way in."""
    told = forgive(translator_of(item)(item))
    steps = told.get("steps")
    if isinstance(steps, list):
        told["steps"] = [forgive(step) if isinstance(step, dict) else step for step in steps]
    return told
