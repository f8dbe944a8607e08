"""Addresses of SCIM, below `/scim/v2/`."""

from django.urls import path

from accounts.scim import discovery, group_views, views

urlpatterns = [
    path("Users", views.users, name="scim_users"),
    path("Users/<uuid:id>", views.user, name="scim_user"),
    path("Groups", group_views.groups, name="scim_groups"),
    path("Groups/<uuid:id>", group_views.group, name="scim_group"),
    path("ServiceProviderConfig", discovery.service_provider_config, name="scim_config"),
    path("ResourceTypes", discovery.resource_types, name="scim_resource_types"),
    path("ResourceTypes/<str:id>", discovery.resource_types, name="scim_resource_type"),
    path("Schemas", discovery.schemas, name="scim_schemas"),
    path("Schemas/<str:id>", discovery.schemas, name="scim_schema"),
]
