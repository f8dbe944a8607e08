"""Addresses of the pages of costs."""

from django.urls import URLPattern, path

from billing.views.cost import cost
from billing.views.cost_lines import cost_lines

urlpatterns: list[URLPattern] = [
    path("cost/", cost, name="cost"),
    path("cost/lines/", cost_lines, name="cost_lines"),
]
