"""Addresses of the costs part of the API."""

from django.urls import URLPattern, path

from billing.api.exports import ExportDetail, ExportFile, ExportList
from billing.api.lines import CostLineList

urlpatterns: list[URLPattern] = [
    path("costs/lines/", CostLineList.as_view(), name="api_cost_lines"),
    path("costs/exports/", ExportList.as_view(), name="api_cost_exports"),
    path("costs/exports/<str:export>/", ExportDetail.as_view(), name="api_cost_export"),
    path("costs/exports/<str:export>/file/", ExportFile.as_view(), name="api_cost_export_file"),
]
