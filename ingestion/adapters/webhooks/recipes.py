"""Ready mappings for systems whose webhooks users build themselves, or that no preset reads: data, to start from.

Each has the body that it is written for: where users build the body, it is the one to paste there.
"""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop


class Recipe(Struct, frozen=True, kw_only=True):
    """A mapping, and the event that it reads. `note` says where the event comes from."""

    title: str
    note: str
    mapping: dict[str, str]
    body: dict[str, Any]

    def spoken(self) -> "Recipe":
        """The same with its words in the language of who reads."""
        return replace(self, title=_(self.title), note=_(self.note))


_AZURE = "data.essentials"
RECIPES: dict[str, Recipe] = {
    "zapier": Recipe(
        title="Zapier",
        note=gettext_noop(
            "A last step 'Webhooks by Zapier, Custom Request' with this JSON; another one in the error handler."
        ),
        mapping={
            "id": "zap_run_id",
            "workflow": "zap_name",
            "status": "status",
            "started_at": "started_at",
            "finished_at": "finished_at",
            "error.message": "error",
            "trigger": "trigger",
            "url": "run_url",
            "input": "input",
        },
        body={
            "zap_run_id": "0190f3c2-7b1d",
            "zap_name": "New lead to CRM",
            "status": "success",
            "started_at": "2026-11-04T10:00:00Z",
            "finished_at": "2026-11-04T10:00:07Z",
            "error": "",
            "trigger": "New form entry",
            "run_url": "https://zapier.com/app/history/0190f3c2-7b1d",
            "input": {"plan": "team"},
        },
    ),
    "make": Recipe(
        title="Make",
        note=gettext_noop(
            "A last module 'HTTP, Make a request' with this JSON; in the error handler the same with its values."
        ),
        mapping={
            "id": "execution_id",
            "workflow": "scenario_name",
            "status": "status",
            "started_at": "started_at",
            "finished_at": "finished_at",
            "error.type": "error.type",
            "error.message": "error.message",
            "attributes": "{scenario_id: scenario_id, operations: to_number(operations)}",
        },
        body={
            "execution_id": "8f1c2d3e4b5a",
            "scenario_id": "12345",
            "scenario_name": "Invoices to ledger",
            "status": "error",
            "started_at": "2026-11-04T10:00:00.000Z",
            "finished_at": "2026-11-04T10:00:21.000Z",
            "operations": "14",
            "error": {"type": "RuntimeError", "message": "429 Too Many Requests"},
        },
    ),
    "prefect": Recipe(
        title="Prefect",
        note=gettext_noop(
            "An automation on flow run state changes with the action 'Call a webhook' and this JSON, filled by Jinja."
        ),
        mapping={
            "id": "join('', ['prefect-', flow_run_id])",
            "workflow": "flow",
            "release": "deployment_version",
            # "prefect.flow-run.Completed" or the state's own name; a retry waits in a state of its own.
            "status": "state == 'AwaitingRetry' && 'running' || state == 'Late' && 'queued' || split(state, '.')[-1]",
            "started_at": "start_time",
            "finished_at": "end_time",
            "error.message": "contains(['Failed', 'Crashed', 'TimedOut'], split(state, '.')[-1]) && message || `null`",
            "url": "url",
            "input": "parameters",
            "attributes": "{deployment: deployment, name: flow_run_name}",
        },
        body={
            "flow_run_id": "6c3f6a3e-51f5-4b55-9b1f-1d3a3f0c9c11",
            "flow_run_name": "amber-otter",
            "flow": "nightly-load",
            "deployment": "production",
            "deployment_version": "2026.11.1",
            "state": "prefect.flow-run.Failed",
            "message": "Flow run encountered an exception: ValueError",
            "start_time": "2026-11-04T10:00:00+00:00",
            "end_time": "2026-11-04T10:02:30+00:00",
            "parameters": {"region": "eu"},
            "url": "https://app.prefect.cloud/flow-runs/6c3f6a3e",
        },
    ),
    "temporal": Recipe(
        title="Temporal",
        note=gettext_noop(
            "Temporal sends no webhooks itself: an interceptor of the worker posts this JSON when a workflow closes."
        ),
        mapping={
            "id": "join('/', [workflow_id, run_id])",
            "workflow": "workflow_type",
            "status": "(status == 'CONTINUED_AS_NEW' && 'succeeded') || status",
            "started_at": "start_time",
            "finished_at": "close_time",
            "attempt": "attempt",
            "retry_of": "first_run_id && join('/', [workflow_id, first_run_id]) || `null`",
            "parent_execution": "parent_run_id && join('/', [parent_workflow_id, parent_run_id]) || `null`",
            "error.type": "failure.type",
            "error.message": "failure.message",
            "attributes": "{task_queue: task_queue, namespace: namespace, history_length: history_length}",
            "steps": "activities",
            "steps.id": "activity_id",
            "steps.node": "activity_type",
            "steps.status": "status",
            "steps.attempt": "attempt",
            "steps.started_at": "start_time",
            "steps.finished_at": "close_time",
            "steps.error.message": "failure",
        },
        body={
            "namespace": "default",
            "workflow_id": "order-1042",
            "run_id": "3a0c0b9e-6f0f-4f2e-9a37-4a3c1a6b8f10",
            "workflow_type": "OrderWorkflow",
            "task_queue": "orders",
            "status": "FAILED",
            "attempt": 1,
            "start_time": "2026-11-04T10:00:00Z",
            "close_time": "2026-11-04T10:00:12Z",
            "history_length": 23,
            "failure": {"type": "ActivityError", "message": "charge failed"},
            "activities": [
                {
                    "activity_id": "5",
                    "activity_type": "charge",
                    "status": "FAILED",
                    "attempt": 3,
                    "start_time": "2026-11-04T10:00:02Z",
                    "close_time": "2026-11-04T10:00:11Z",
                    "failure": "card declined",
                }
            ],
        },
    ),
    "azure": Recipe(
        title=gettext_noop("Azure Monitor, common alert schema"),
        note=gettext_noop(
            "An action group with a webhook and the common alert schema. An alert is a failure until it is resolved."
        ),
        mapping={
            "only": "schemaId == 'azureMonitorCommonAlertSchema'",
            "id": f"{_AZURE}.alertId",
            "workflow": f"data.customProperties.workflow || {_AZURE}.configurationItems[0] || {_AZURE}.alertRule",
            "status": f"{_AZURE}.monitorCondition && 'failed' || `null`",
            "started_at": f"{_AZURE}.firedDateTime",
            "finished_at": f"{_AZURE}.resolvedDateTime",
            "trigger": "'alert'",
            "error.type": f"{_AZURE}.alertRule",
            "error.message": f"{_AZURE}.description || {_AZURE}.alertRule",
            "attributes": f"{_AZURE}.{{severity: severity, signal: signalType, service: monitoringService}}",
        },
        body={
            "schemaId": "azureMonitorCommonAlertSchema",
            "data": {
                "essentials": {
                    "alertId": "/subscriptions/00000000/providers/Microsoft.AlertsManagement/alerts/b9569717",
                    "alertRule": "orders-failing",
                    "severity": "Sev3",
                    "signalType": "Metric",
                    "monitorCondition": "Resolved",
                    "monitoringService": "Platform",
                    "configurationItems": ["orders-app"],
                    "firedDateTime": "2026-11-04T13:58:24.3713213Z",
                    "resolvedDateTime": "2026-11-04T14:03:16.2246313Z",
                    "description": "",
                },
                "alertContext": {"properties": None},
            },
        },
    ),
}
