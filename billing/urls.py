"""Addresses of the pages of costs."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
