"""Set-up of log senders: Python logging, Fluent Bit, Vector, Alloy, and those that speak Splunk or Elasticsearch."""

from accounts.phrases import gettext_noop
from ingestion.kinds import SourceKind
from ingestion.snippets.client import Client, Snippet

_LINES = """\
curl -fsS @BASE@/api/v1/logs \\
  -H 'Authorization: Bearer @KEY@' \\
  -H 'Content-Type: application/json' \\
  -d '{"timestamp": "'"$(date -u +%FT%TZ)"'", "workflow": "nightly", "status": "success",
       "duration_seconds": 12.5, "tokens_used": 0, "cost_usd": 0}'
"""
_PYTHON = """\
import json
import logging

import logging_loki

handler = logging_loki.LokiHandler(
    url="@BASE@/loki/api/v1/push",
    auth=("steadyrun", "@KEY@"),
    tags={"application": "my-application"},
    version="1",
)
logger = logging.getLogger("my-application")
logger.setLevel(logging.INFO)
logger.addHandler(handler)

logger.warning("The nightly import was slow")
logger.info(json.dumps({"workflow": "nightly-import", "status": "success", "duration_seconds": 12.5}))
"""
_FLUENT_BIT = """\
[OUTPUT]
    Name             http
    Match            *
    Host             @HOST@
    Port             @PORT@
    URI              /api/v1/logs
    Format           json
    Json_date_key    timestamp
    Json_date_format iso8601
    Header           Authorization Bearer @KEY@
    tls              @TLS@
    Retry_Limit      no_limits
"""
_VECTOR = """\
[sinks.steadyrun]
type = "http"
inputs = ["my-source-or-transform-id"]
uri = "@BASE@/api/v1/logs"
encoding.codec = "json"
compression = "gzip"
auth.strategy = "bearer"
auth.token = "@KEY@"
"""
_ALLOY = """\
loki.write "steadyrun" {
  endpoint {
    url = "@BASE@/loki/api/v1/push"
    basic_auth {
      username = "steadyrun"
      password = "@KEY@"
    }
  }
}
"""
_HEC = """\
curl -fsS @BASE@/services/collector/event \\
  -H 'Authorization: Splunk @KEY@' \\
  -d '{"event": "The nightly import could not reach the database", "sourcetype": "my-application"}'
"""
_ELASTIC = """\
curl -fsS @BASE@/elastic/_bulk \\
  -u 'steadyrun:@KEY@' \\
  -H 'Content-Type: application/x-ndjson' \\
  --data-binary '{"index": {"_index": "my-application"}}
{"message": "The nightly import could not reach the database", "level": "error"}
'
"""
_FIREHOSE = """\
{
  "EndpointConfiguration": {"Name": "Steadyrun", "Url": "@BASE@/firehose", "AccessKey": "@KEY@"},
  "RequestConfiguration": {"ContentEncoding": "GZIP"},
  "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
  "RoleARN": "<role that may write to the bucket>",
  "S3BackupMode": "FailedDataOnly",
  "S3Configuration": {"RoleARN": "<role that may write to the bucket>", "BucketARN": "<bucket for failed data>"}
}
"""

_KEPT = gettext_noop("Lines with a trace or execution id join it; others are kept as loose lines, searchable.")


def _logs(
    slug: str, label: str, kind: SourceKind, note: str, *snippets: Snippet, steps: tuple[str, ...] = ()
) -> Client:
    return Client(slug, label, "Logs", kind, note, snippets, steps)


LOGS = (
    _logs(
        "json-logs",
        gettext_noop("JSON lines"),
        SourceKind.LOGS,
        gettext_noop(
            "A line that tells workflow and status becomes an execution. Lines with a trace or execution id join it; "
            "others are kept as loose lines, searchable."
        ),
        Snippet(gettext_noop("Terminal"), "sh", _LINES),
    ),
    _logs(
        "python-logging",
        gettext_noop("Python logging"),
        SourceKind.LOKI,
        gettext_noop(
            "A line that tells workflow and status as JSON becomes an execution. Lines with a trace or execution id "
            "join it; others are kept as loose lines, searchable."
        ),
        Snippet(gettext_noop("Install"), "sh", "pip install python-logging-loki\n"),
        Snippet("Python", "python", _PYTHON),
    ),
    _logs("fluent-bit", "Fluent Bit", SourceKind.LOGS, _KEPT, Snippet("fluent-bit.conf", "conf", _FLUENT_BIT)),
    _logs("vector", "Vector", SourceKind.LOGS, _KEPT, Snippet("vector.toml", "toml", _VECTOR)),
    _logs("alloy", "Grafana Alloy", SourceKind.LOKI, _KEPT, Snippet("config.alloy", "alloy", _ALLOY)),
    _logs(
        "splunk-hec",
        gettext_noop("Splunk HEC senders"),
        SourceKind.HEC,
        _KEPT,
        Snippet(gettext_noop("Terminal"), "sh", _HEC),
    ),
    _logs(
        "elastic-bulk",
        gettext_noop("Elasticsearch senders"),
        SourceKind.ELASTIC,
        _KEPT,
        Snippet(gettext_noop("Terminal"), "sh", _ELASTIC),
    ),
    _logs(
        "firehose",
        gettext_noop("CloudWatch by Firehose"),
        SourceKind.FIREHOSE,
        _KEPT,
        Snippet(gettext_noop("HTTP endpoint of the delivery stream"), "json", _FIREHOSE),
        steps=(
            gettext_noop(
                "Firehose reports over HTTPS only. CloudWatch subscription filters send their log groups to it."
            ),
        ),
    ),
)
