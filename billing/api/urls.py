"""Addresses of the costs part of the API."""

from django.urls import URLPattern, path

from billing.api.costs import CostBy, CostDaily, CostSummary

urlpatterns: list[URLPattern] = [
    path("costs/summary/", CostSummary.as_view(), name="api_cost_summary"),
    path("costs/daily/", CostDaily.as_view(), name="api_cost_daily"),
    path("costs/by/<str:dimension>/", CostBy.as_view(), name="api_costs_by"),
]
