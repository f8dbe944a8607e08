"""Addresses of the reading API."""

from django.urls import path

from monitoring.api import baselines, executions, trends, workflows

urlpatterns = [
    path("executions/", executions.ExecutionList.as_view(), name="api_executions"),
    path("executions/<str:execution>/", executions.ExecutionDetail.as_view(), name="api_execution"),
    path("workflows/", workflows.WorkflowList.as_view(), name="api_workflows"),
    path("baselines/", baselines.Baselines.as_view(), name="api_baselines"),
    path("trends/", trends.Trends.as_view(), name="api_trends"),
]
