"""Addresses of the ways in. Without a trailing slash: senders do not follow redirects."""

from django.urls import path

from ingestion.api import executions

urlpatterns = [
    path("api/v1/executions", executions.report_executions, name="report_executions"),
]
