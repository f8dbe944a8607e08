"""Addresses of a team's settings, all under `/t/<team>/`."""

from django.urls import path

from accounts.views import groups

urlpatterns = [
    path("settings/groups/", groups.groups, name="groups"),
    path("settings/groups/<uuid:group>/remove/", groups.remove, name="remove_group"),
]
