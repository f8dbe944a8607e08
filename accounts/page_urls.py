"""Addresses of a team's settings, all under `/t/<team>/`."""

from django.urls import path

from accounts.views import groups, sign_in_settings

urlpatterns = [
    path("settings/sign-in/", sign_in_settings.sign_in_settings, name="sign_in_settings"),
    path("settings/groups/", groups.groups, name="groups"),
    path("settings/groups/<uuid:group>/remove/", groups.remove, name="remove_group"),
]
