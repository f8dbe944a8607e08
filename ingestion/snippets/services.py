"""Set-up of CI services, cron, and services that send webhooks of their own."""

from accounts.phrases import gettext_noop
from ingestion.kinds import SourceKind
from ingestion.snippets.client import Client, Snippet

_GITHUB = """\
gh api 'repos/{owner}/{repo}/hooks' --input - <<'JSON'
{"name": "web", "active": true, "events": ["workflow_run", "workflow_job"],
 "config": {"url": "@ADDRESS@", "content_type": "json", "secret": "@SECRET@"}}
JSON
"""
_GITLAB = """\
curl -fsS --request POST "https://gitlab.com/api/v4/projects/$PROJECT_ID/hooks" \\
  --header "PRIVATE-TOKEN: $GITLAB_TOKEN" \\
  --data-urlencode 'url=@ADDRESS@' \\
  --data-urlencode 'token=@SECRET@' \\
  --data 'pipeline_events=true' --data 'job_events=false' --data 'push_events=false'
"""
_CRON = """\
# /path/to/job.sh is your own command; its exit code is reported.
0 3 * * *  curl -fsS -m 10 --retry 3 -o /dev/null @ADDRESS@/start; /path/to/job.sh; \
curl -fsS -m 10 --retry 3 -o /dev/null @ADDRESS@/$?
"""
_PING = """\
curl -fsS -m 10 --retry 3 @ADDRESS@
"""
_STANDARD = """\
import json
from datetime import datetime, timezone
from urllib.request import Request, urlopen

from standardwebhooks import Webhook

message, now = "msg_1", datetime.now(timezone.utc)
body = json.dumps({
    "type": "workflow.run.succeeded",
    "timestamp": now.isoformat(),
    "data": {"id": "first-1", "workflow": "My first workflow"},
})
headers = {
    "Content-Type": "application/json",
    "webhook-id": message,
    "webhook-timestamp": str(int(now.timestamp())),
    "webhook-signature": Webhook("@SECRET@").sign(message, now, body),
}
urlopen(Request("@ADDRESS@", data=body.encode(), headers=headers), timeout=10).close()
"""
_WEBHOOK = """\
curl -fsS '@ADDRESS@' \\
  -H 'Authorization: Bearer @SECRET@' \\
  -H 'Content-Type: application/json' \\
  -d '{"run": "42", "name": "My automation", "state": "success"}'
"""
_ALERTMANAGER = """\
receivers:
  - name: steadyrun
    webhook_configs:
      - url: @ADDRESS@
        send_resolved: true
        http_config:
          authorization:
            credentials: "@SECRET@"
"""
_GRAFANA = """\
apiVersion: 1
contactPoints:
  - orgId: 1
    name: Steadyrun
    receivers:
      - uid: steadyrun
        type: webhook
        settings:
          url: @ADDRESS@
          authorization_scheme: Bearer
          authorization_credentials: "@SECRET@"
"""

SERVICES = (
    Client(
        "github",
        "GitHub Actions",
        "CI",
        SourceKind.GITHUB,
        gettext_noop("Every run of every workflow of a repository or organization, with its jobs and steps."),
        (Snippet(gettext_noop("Terminal, in a clone of the repository"), "sh-own", _GITHUB),),
        (
            gettext_noop(
                "Or in the repository's settings: Webhooks, content type application/json, events Workflow jobs and "
                "runs."
            ),
        ),
    ),
    Client(
        "gitlab",
        gettext_noop("GitLab pipelines"),
        "CI",
        SourceKind.GITLAB,
        gettext_noop("Every pipeline of a project, with its jobs."),
        (Snippet(gettext_noop("Terminal"), "sh-own", _GITLAB),),
        (gettext_noop("Or in the project's settings: Webhooks, trigger Pipeline events, with the secret as token."),),
    ),
    Client(
        "cron",
        gettext_noop("Cron or any scheduler"),
        "Cron",
        SourceKind.PING,
        gettext_noop("Three addresses to call: start, success and failure. They tell duration and exit code."),
        (Snippet(gettext_noop("Terminal, to try it"), "sh", _PING), Snippet("crontab -e", "cron", _CRON)),
    ),
    Client(
        "webhook",
        gettext_noop("Any webhook"),
        "Alerts and webhooks",
        SourceKind.GENERIC,
        gettext_noop("Any JSON that a system can post; a mapping says which field means what."),
        (Snippet(gettext_noop("Terminal, to try it"), "sh", _WEBHOOK),),
        (gettext_noop("Open Mapping on the source's page: the last deliveries stand there to try it on."),),
    ),
    Client(
        "standard-webhooks",
        "Standard Webhooks",
        "Alerts and webhooks",
        SourceKind.STANDARD_WEBHOOKS,
        gettext_noop("Signed events of any sender that follows the specification."),
        (
            Snippet(gettext_noop("Install"), "sh", "pip install standardwebhooks\n"),
            Snippet(gettext_noop("Python, to try it"), "python", _STANDARD),
        ),
    ),
    Client(
        "alertmanager",
        "Alertmanager",
        "Alerts and webhooks",
        SourceKind.ALERTMANAGER,
        gettext_noop("Alerts become executions that fail when they fire and end when they are resolved."),
        (Snippet("alertmanager.yml", "yaml", _ALERTMANAGER),),
        ("Name the receiver in the route.",),
    ),
    Client(
        "grafana",
        gettext_noop("Grafana alerting"),
        "Alerts and webhooks",
        SourceKind.GRAFANA,
        gettext_noop("Alerts become executions that fail when they fire and end when they are resolved."),
        (Snippet("provisioning/alerting/steadyrun.yaml", "yaml", _GRAFANA),),
        ("Or under Alerting, Contact points: Webhook, with the address and the authorization above.",),
    ),
)
