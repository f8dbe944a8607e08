"""Addresses of SCIM, below `/scim/v2/`."""

from django.urls import path

from accounts.scim import views

urlpatterns = [
    path("Users", views.users, name="scim_users"),
    path("Users/<uuid:id>", views.user, name="scim_user"),
    path("ServiceProviderConfig", views.service_provider_config, name="scim_config"),
]
