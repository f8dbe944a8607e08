"""Addresses of the flow, all under `/t/<team>/`. One line a view."""

from django.urls import path

from monitoring.views import (
    criteria,
    executions,
    failures,
    finding,
    findings,
    groups,
    replay,
    system_page,
    systems,
    trends,
    workflows,
)

urlpatterns = [
    path("findings/", findings.findings, name="findings"),
    path("findings/<uuid:finding>/", finding.finding, name="finding"),
    path("findings/<uuid:finding>/dismiss/", finding.dismiss, name="dismiss_finding"),
    path("findings/<uuid:finding>/reopen/", finding.reopen, name="reopen_finding"),
    path("workflows/", workflows.workflows, name="workflows"),
    path("workflows/<str:workflow>/", trends.trends, name="trends"),
    path("workflows/<str:workflow>/objective/", trends.set_objective, name="set_objective"),
    path("workflows/<str:workflow>/objective/proposed/", trends.use_proposal, name="use_proposal"),
    path("workflows/<str:workflow>/tail/", trends.tail_split, name="tail_split"),
    path("workflows/<str:workflow>/failures/", failures.failures, name="failures"),
    path("workflows/<str:workflow>/criteria/", criteria.criteria, name="criteria"),
    path("workflows/<str:workflow>/criteria/try/", criteria.try_it, name="try_criterion"),
    path("workflows/<str:workflow>/criteria/progress/", criteria.progress, name="criteria_progress"),
    path("workflows/<str:workflow>/criteria/<uuid:criterion>/", criteria.criterion, name="criterion"),
    path("workflows/<str:workflow>/criteria/<uuid:criterion>/remove/", criteria.remove, name="remove_criterion"),
    path("systems/", systems.systems, {"kind": "systems"}, name="systems"),
    path("systems/<name:name>/", system_page.system, {"kind": "systems"}, name="system"),
    path("models/", systems.systems, {"kind": "models"}, name="models"),
    path("models/<name:name>/", system_page.system, {"kind": "models"}, name="model"),
    path("tools/", systems.systems, {"kind": "tools"}, name="tools"),
    path("tools/<name:name>/", system_page.system, {"kind": "tools"}, name="tool"),
    path("executions/", executions.executions, name="executions"),
    path("executions/<uuid:execution>/", replay.replay, name="replay"),
    path("executions/<uuid:execution>/steps/<str:step>/", replay.step_detail, name="step_detail"),
    path("executions/<uuid:execution>/classify/", groups.classify, name="classify"),
    path("groups/<uuid:group>/", groups.failure_group, name="failure_group"),
    path("executions/<uuid:execution>/raw.json", replay.raw, name="replay_raw"),
]
