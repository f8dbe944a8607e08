"""Addresses of the ways in. Without a trailing slash: senders do not follow redirects."""

from django.urls import path

from ingestion.api import elastic, executions, firehose, hec, hooks, langsmith, logs, loki, otlp, ping

urlpatterns = [
    path("api/v1/executions", executions.report_executions, name="report_executions"),
    # LangSmith SDK
    path("langsmith/info", langsmith.info),
    path("langsmith/runs", langsmith.report_run),
    path("langsmith/runs/batch", langsmith.report_batch),
    path("langsmith/runs/multipart", langsmith.report_multipart),
    path("langsmith/runs/<str:run_id>", langsmith.report_patch),
    path("langsmith/feedback", langsmith.report_feedback),
    # Where the SDK's OpenTelemetry mode and its processors send.
    path("langsmith/otel/v1/traces", otlp.export, {"signal": "traces"}),
    path("langsmith/<path:rest>", langsmith.elsewhere),
    # OTLP
    path("v1/traces", otlp.export, {"signal": "traces"}),
    path("v1/logs", otlp.export, {"signal": "logs"}),
    path("v1/metrics", otlp.export, {"signal": "metrics"}),
    path("otel/v1/traces", otlp.export, {"signal": "traces"}),
    path("otel/v1/logs", otlp.export, {"signal": "logs"}),
    path("otel/v1/metrics", otlp.export, {"signal": "metrics"}),
    path("api/public/otel/v1/traces", otlp.export, {"signal": "traces"}),
    path("api/public/otel/v1/logs", otlp.export, {"signal": "logs"}),
    path("api/public/otel/v1/metrics", otlp.export, {"signal": "metrics"}),
    # Logs
    path("api/v1/logs", logs.report_lines),
    path("loki/api/v1/push", loki.push),
    path("services/collector", hec.events),
    path("services/collector/event", hec.events),
    path("services/collector/event/1.0", hec.events),
    path("services/collector/raw", hec.raw),
    path("services/collector/raw/1.0", hec.raw),
    path("services/collector/health", hec.health),
    path("services/collector/health/1.0", hec.health),
    path("services/collector/ack", hec.acknowledgements),
    path("elastic", elastic.root),
    path("elastic/", elastic.root),
    path("elastic/_bulk", elastic.report_bulk),
    path("elastic/_license", elastic.license_told),
    path("elastic/_cat/health", elastic.health),
    path("elastic/_cluster/health", elastic.health),
    path("elastic/<str:index>/_bulk", elastic.report_bulk),
    path("firehose", firehose.deliver),
    # Pings
    path("ping/<str:address>", ping.ping),
    path("ping/<str:address>/<str:told>", ping.ping),
    # Webhooks
    path("hooks/<str:address>", hooks.deliver),
]
