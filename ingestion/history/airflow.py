"""Runs as Airflow's REST API lists them: `GET /api/v2/dags/<dag>/dagRuns` (or v1), saved."""

from typing import Any

_TAKEN = frozenset({"dag_id", "dag_run_id", "state", "start_date", "end_date", "run_type", "conf"})


def translate(item: dict[str, Any]) -> dict[str, Any]:
    """A DAG run in the words of the REST way in. A DAG's name and the run's own make the id."""
    dag, run = item.get("dag_id"), item.get("dag_run_id")
    told = {
        "id": f"{dag}/{run}" if dag is not None and run is not None else None,
        "workflow": dag,
        "workflow_type": "airflow",
        "status": item.get("state"),
        "started_at": item.get("start_date"),
        "finished_at": item.get("end_date"),
        "trigger": item.get("run_type"),
        "input": item.get("conf") or None,
        "attributes": {name: value for name, value in item.items() if name not in _TAKEN and value is not None},
    }
    return {name: value for name, value in told.items() if value is not None}
