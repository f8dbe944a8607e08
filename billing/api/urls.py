"""Addresses of the costs part of the API, all under `/api/v1/costs/`."""

from django.urls import URLPattern, path

from billing.api import resources

urlpatterns: list[URLPattern] = [
    path("costs/resources/", resources.ResourceRateList.as_view(), name="api_resource_rates"),
    path("costs/resources/<str:rate>/", resources.ResourceRateDetail.as_view(), name="api_resource_rate"),
]
