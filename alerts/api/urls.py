"""Addresses of the alerts part of the API."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
