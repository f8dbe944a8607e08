"""Addresses of the costs part of the API."""

from django.urls import URLPattern, path

from billing.api.budgets import BudgetDetail, BudgetList

urlpatterns: list[URLPattern] = [
    path("costs/budgets/", BudgetList.as_view(), name="api_budgets"),
    path("costs/budgets/<str:budget>/", BudgetDetail.as_view(), name="api_budget"),
]
