"""Addresses of accounts."""

from django.urls import path

from accounts.views import home, preferences

urlpatterns = [
    path("", home.home, name="home"),
    path("preferences/time-zone/", preferences.set_time_zone, name="set_time_zone"),
]
