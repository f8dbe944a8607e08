"""Addresses of the ways in. Without a trailing slash: senders do not follow redirects."""

from django.urls import path

from ingestion.api import executions

urlpatterns = [
    path("executions", executions.ReportExecutions.as_view(), name="report_executions"),
]
