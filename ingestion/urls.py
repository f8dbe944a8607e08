"""Addresses of the ways in. Without a trailing slash: senders do not follow redirects."""

from django.urls import path

from ingestion.api import executions, langsmith

urlpatterns = [
    path("api/v1/executions", executions.report_executions, name="report_executions"),
    # LangSmith SDK
    path("langsmith/info", langsmith.info),
    path("langsmith/runs", langsmith.report_run),
    path("langsmith/runs/batch", langsmith.report_batch),
    path("langsmith/runs/multipart", langsmith.report_multipart),
    path("langsmith/runs/<str:run_id>", langsmith.report_patch),
    path("langsmith/feedback", langsmith.report_feedback),
    path("langsmith/<path:rest>", langsmith.elsewhere),
]
