"""Addresses of the alerts part of the API."""

from django.urls import path

from alerts.api import incidents

urlpatterns = [
    path("incidents/", incidents.IncidentList.as_view(), name="api_incidents"),
    path("incidents/<str:incident>/", incidents.IncidentDetail.as_view(), name="api_incident"),
    path(
        "incidents/<str:incident>/acknowledge/",
        incidents.IncidentAcknowledgement.as_view(),
        name="api_acknowledge_incident",
    ),
    path("incidents/<str:incident>/notes/", incidents.IncidentNotes.as_view(), name="api_incident_notes"),
    path("incidents/<str:incident>/resolve/", incidents.IncidentResolution.as_view(), name="api_resolve_incident"),
    path("incidents/<str:incident>/improvement/", incidents.IncidentLink.as_view(), name="api_link_incident"),
]
