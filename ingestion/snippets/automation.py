"""Set-up of automation tools: n8n, Airflow, Dify, and those that post what their users write."""

from accounts.phrases import gettext_noop
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
        gettext_noop("Posts what you write; a mapping says which field means what."),
        (Snippet(gettext_noop("Terminal, to try it"), "sh", _WEBHOOK),),
        (step, gettext_noop("Then open Mapping on the source's page and choose the recipe.")),
    )


AUTOMATION = (
    Client(
        "n8n",
        gettext_noop("n8n, all executions"),
        "Automation tools",
        SourceKind.OTLP,
        gettext_noop("n8n 2.19 or later, self-hosted, tells every execution and node itself."),
        (Snippet(gettext_noop("Environment of n8n"), "env", _N8N_ENV),),
        (gettext_noop("Restart n8n. With several workers, set it on each of them."),),
    ),
    Client(
        "n8n-errors",
        gettext_noop("n8n, failures only"),
        "Automation tools",
        SourceKind.N8N,
        gettext_noop(
            "An error workflow reports nothing but failures: counts and groups, but no success rate and no verdict."
        ),
        (Snippet(gettext_noop("Canvas of a new n8n workflow: paste it there"), "json", _N8N_WORKFLOW),),
        (
            gettext_noop(
                "Save the workflow, then choose it as the error workflow in the settings of each workflow to watch."
            ),
        ),
    ),
    Client(
        "airflow",
        gettext_noop("Airflow callbacks"),
        "Automation tools",
        SourceKind.AIRFLOW,
        gettext_noop("Callbacks of DAGs and tasks tell how each run and task ended."),
        (
            Snippet(gettext_noop("A module beside your DAGs"), "python", _AIRFLOW),
            Snippet(gettext_noop("In each DAG"), "python-part", _AIRFLOW_DAG),
        ),
    ),
    Client(
        "dify",
        "Dify",
        "Automation tools",
        SourceKind.DIFY,
        gettext_noop(
            "An HTTP node at the end of a workflow, or your own code that posts the events of a streamed run on."
        ),
        (Snippet(gettext_noop("HTTP request node"), "http", _DIFY),),
        (
            gettext_noop(
                "To see nodes, tokens and prices, post each event of the streamed answer to the same address, "
                "unchanged."
            ),
        ),
    ),
    _posted(
        "zapier",
        "Zapier",
        gettext_noop("Add the action Webhooks by Zapier, POST, with the address and the header below."),
    ),
    _posted(
        "make", "Make", gettext_noop("Add the module HTTP, Make a request, with the address and the header below.")
    ),
    _posted(
        "prefect",
        "Prefect",
        gettext_noop("Make an automation that calls a webhook, with the address and the header below."),
    ),
)
