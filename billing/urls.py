"""Addresses of the pages of costs."""

from django.urls import URLPattern, path

from billing.views import budget_form, budgets
from billing.views.cost import cost
from billing.views.cost_lines import cost_lines

urlpatterns: list[URLPattern] = [
    path("cost/", cost, name="cost"),
    path("cost/lines/", cost_lines, name="cost_lines"),
    path("cost/budgets/", budgets.budgets, name="budgets"),
    path("cost/budgets/new/", budget_form.new_budget, name="new_budget"),
    path("cost/budgets/<uuid:budget>/", budgets.budget, name="budget"),
    path("cost/budgets/<uuid:budget>/edit/", budget_form.edit_budget, name="edit_budget"),
    path("cost/budgets/<uuid:budget>/remove/", budget_form.remove, name="remove_budget"),
]
