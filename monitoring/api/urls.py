"""Addresses of the reading API."""

from django.urls import path

from monitoring.api import (
    baselines,
    diagnosis,
    executions,
    findings,
    gate,
    groups,
    improvements,
    release_comparison,
    releases,
    systems,
    trends,
    triage,
    workflows,
)

urlpatterns = [
    path("executions/", executions.ExecutionList.as_view(), name="api_executions"),
    path("executions/<str:execution>/", executions.ExecutionDetail.as_view(), name="api_execution"),
    path("executions/<str:execution>/diagnosis/", diagnosis.DiagnosisDetail.as_view(), name="api_diagnosis"),
    path(
        "executions/<str:execution>/classification/",
        diagnosis.ExecutionClassification.as_view(),
        name="api_classify_execution",
    ),
    path("findings/", findings.FindingList.as_view(), name="api_findings"),
    path("findings/<str:finding>/", findings.FindingDetail.as_view(), name="api_finding"),
    path("findings/<str:finding>/dismiss/", findings.FindingDismissal.as_view(), name="api_dismiss_finding"),
    path("findings/<str:finding>/reopen/", findings.FindingReopening.as_view(), name="api_reopen_finding"),
    path("groups/", triage.GroupList.as_view(), name="api_groups"),
    path("groups/bulk/", triage.GroupsChange.as_view(), name="api_change_groups"),
    path("groups/<str:group>/", groups.GroupDetail.as_view(), name="api_group"),
    path("groups/<str:group>/classification/", groups.GroupClassification.as_view(), name="api_classify_group"),
    path("improvements/", improvements.ImprovementList.as_view(), name="api_improvements"),
    path("improvements/<str:improvement>/", improvements.ImprovementDetail.as_view(), name="api_improvement"),
    path(
        "improvements/<str:improvement>/comments/",
        improvements.ImprovementComments.as_view(),
        name="api_improvement_comments",
    ),
    path("workflows/", workflows.WorkflowList.as_view(), name="api_workflows"),
    path("workflows/<str:workflow>/", workflows.WorkflowDetail.as_view(), name="api_workflow"),
    # Pipelines write addresses without a slash at the end.
    path("releases", releases.ReleaseList.as_view(), name="api_releases"),
    path("releases/", releases.ReleaseList.as_view(schema=None)),
    path("releases/compare", release_comparison.ReleaseComparison.as_view(), name="api_compare_releases"),
    path("releases/compare/", release_comparison.ReleaseComparison.as_view(schema=None)),
    path("releases/<uuid:release>", releases.ReleaseDetail.as_view(), name="api_release"),
    path("releases/<uuid:release>/", releases.ReleaseDetail.as_view(schema=None)),
    path("gate", gate.Gate.as_view(), name="api_gate"),
    path("gate/", gate.Gate.as_view(schema=None)),
    path("baselines/", baselines.Baselines.as_view(), name="api_baselines"),
    path("systems/", systems.SystemList.as_view(), name="api_systems"),
    path("systems/<name:name>/", systems.SystemDetail.as_view(), name="api_system"),
    path("models/", systems.ModelList.as_view(), name="api_models"),
    path("models/<name:name>/", systems.ModelDetail.as_view(), name="api_model"),
    path("tools/", systems.ToolList.as_view(), name="api_tools"),
    path("tools/<name:name>/", systems.ToolDetail.as_view(), name="api_tool"),
    path("trends/", trends.Trends.as_view(), name="api_trends"),
]
