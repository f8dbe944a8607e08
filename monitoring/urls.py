"""Addresses of the flow, all under `/t/<team>/`. One line a view."""

from django.urls import path

from monitoring.views import executions, failures, replay, trends, workflows

urlpatterns = [
    path("workflows/", workflows.workflows, name="workflows"),
    path("workflows/<str:workflow>/", trends.trends, name="trends"),
    path("workflows/<str:workflow>/objective/", trends.set_objective, name="set_objective"),
    path("workflows/<str:workflow>/failures/", failures.failures, name="failures"),
    path("executions/", executions.executions, name="executions"),
    path("executions/<uuid:execution>/", replay.replay, name="replay"),
    path("executions/<uuid:execution>/steps/<str:step>/", replay.step_detail, name="step_detail"),
    path("executions/<uuid:execution>/raw.json", replay.raw, name="replay_raw"),
]
