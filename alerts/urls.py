"""Addresses of alerts, all under `/t/<team>/`. One line a view."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
