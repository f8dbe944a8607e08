"""Addresses of the pages of costs, all under `/t/<team>/`. One line a view."""

from django.urls import URLPattern, path

from billing.views import resources

urlpatterns: list[URLPattern] = [
    path("cost/resources/", resources.resources, name="cost_resources"),
    path("cost/resources/new/", resources.new_resource, name="cost_new_resource"),
    path("cost/resources/<str:rate>/", resources.resource, name="cost_resource"),
    path("cost/resources/<str:rate>/remove/", resources.remove_resource, name="cost_remove_resource"),
]
