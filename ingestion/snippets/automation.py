"""Set-up of automation tools: n8n, Airflow, Dify, and those that post what their users write."""

from ingestion.kinds import SourceKind
from ingestion.snippets.client import Client, Snippet

_N8N_ENV = """\
N8N_OTEL_ENABLED=true
N8N_OTEL_EXPORTER_OTLP_ENDPOINT=@BASE@
N8N_OTEL_EXPORTER_OTLP_HEADERS=x-api-key=@KEY@
"""
_N8N_WORKFLOW = """\
{
  "nodes": [
    {"name": "Error Trigger", "type": "n8n-nodes-base.errorTrigger", "typeVersion": 1, "position": [0, 0],
     "parameters": {}},
    {"name": "Report failure", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "position": [220, 0],
     "retryOnFail": true,
     "parameters": {
       "method": "POST", "url": "@ADDRESS@",
       "sendHeaders": true,
       "headerParameters": {"parameters": [{"name": "Authorization", "value": "Bearer @SECRET@"}]},
       "sendBody": true, "specifyBody": "json", "jsonBody": "={{ JSON.stringify($json) }}", "options": {}}}
  ],
  "connections": {"Error Trigger": {"main": [[{"node": "Report failure", "type": "main", "index": 0}]]}}
}
"""
_AIRFLOW = """\
import json
import urllib.request


def report(context):
    \"\"\"Tells Steadyrun how a run of a DAG, or one of its tasks, ended.\"\"\"
    run, task = context["dag_run"], context.get("task_instance")
    told = {
        "dag_id": run.dag_id,
        "dag_run_id": run.run_id,
        "run_type": run.run_type,
        "state": run.state,
        "start_date": run.start_date,
        "end_date": run.end_date,
        "exception": context.get("exception"),
    }
    if task is not None and context.get("reason") is None:
        names = ("task_id", "state", "start_date", "end_date", "duration", "try_number", "operator", "map_index")
        told.update({name: getattr(task, name, None) for name in names})
    request = urllib.request.Request(
        "@ADDRESS@",
        data=json.dumps(told, default=str).encode(),
        headers={"Content-Type": "application/json", "Authorization": "Bearer @SECRET@"},
    )
    urllib.request.urlopen(request, timeout=10).close()
"""
_AIRFLOW_DAG = """\
with DAG(
    "nightly",
    on_success_callback=report,
    on_failure_callback=report,
    default_args={"on_success_callback": report, "on_failure_callback": report, "on_retry_callback": report},
):
    ...
"""
_DIFY = """\
POST @ADDRESS@
Authorization: Bearer @SECRET@
Content-Type: application/json

{"event": "workflow_finished", "workflow_run_id": "{{#sys.workflow_run_id#}}",
 "data": {"id": "{{#sys.workflow_run_id#}}", "workflow_id": "{{#sys.workflow_id#}}", "status": "succeeded"}}
"""
_WEBHOOK = """\
curl -fsS '@ADDRESS@' \\
  -H 'Authorization: Bearer @SECRET@' \\
  -H 'Content-Type: application/json' \\
  -d '{"run": "42", "name": "My automation", "state": "success"}'
"""


def _posted(slug: str, label: str, step: str) -> Client:
    """A tool that posts a body which its user writes: read by a mapping."""
    return Client(
        slug,
        label,
        "Automation tools",
        SourceKind.GENERIC,
        "Posts what you write; a mapping says which field means what.",
        (Snippet("Terminal, to try it", "sh", _WEBHOOK),),
        (step, "Then open Mapping on the source's page and choose the recipe."),
    )


AUTOMATION = (
    Client(
        "n8n",
        "n8n, all executions",
        "Automation tools",
        SourceKind.OTLP,
        "n8n 2.19 or later, self-hosted, tells every execution and node itself.",
        (Snippet("Environment of n8n", "env", _N8N_ENV),),
        ("Restart n8n. With several workers, set it on each of them.",),
    ),
    Client(
        "n8n-errors",
        "n8n, failures only",
        "Automation tools",
        SourceKind.N8N,
        "An error workflow reports nothing but failures: counts and groups, but no success rate and no verdict.",
        (Snippet("Canvas of a new n8n workflow: paste it there", "json", _N8N_WORKFLOW),),
        ("Save the workflow, then choose it as the error workflow in the settings of each workflow to watch.",),
    ),
    Client(
        "airflow",
        "Airflow callbacks",
        "Automation tools",
        SourceKind.AIRFLOW,
        "Callbacks of DAGs and tasks tell how each run and task ended.",
        (
            Snippet("A module beside your DAGs", "python", _AIRFLOW),
            Snippet("In each DAG", "python-part", _AIRFLOW_DAG),
        ),
    ),
    Client(
        "dify",
        "Dify",
        "Automation tools",
        SourceKind.DIFY,
        "An HTTP node at the end of a workflow, or your own code that posts the events of a streamed run on.",
        (Snippet("HTTP request node", "http", _DIFY),),
        ("To see nodes, tokens and prices, post each event of the streamed answer to the same address, unchanged.",),
    ),
    _posted("zapier", "Zapier", "Add the action Webhooks by Zapier, POST, with the address and the header below."),
    _posted("make", "Make", "Add the module HTTP, Make a request, with the address and the header below."),
    _posted("prefect", "Prefect", "Make an automation that calls a webhook, with the address and the header below."),
)
