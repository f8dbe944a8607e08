"""Addresses of accounts."""

from django.urls import path

from accounts.views import home, invitation, preferences, team

urlpatterns = [
    path("", home.home, name="home"),
    path("teams/new/", team.new_team, name="new_team"),
    path("invitation/<str:token>/", invitation.invitation, name="invitation"),
    path("preferences/time-zone/", preferences.set_time_zone, name="set_time_zone"),
    path("preferences/formats/", preferences.set_formats, name="set_formats"),
    path("preferences/single-keys/", preferences.set_single_keys, name="set_single_keys"),
]
