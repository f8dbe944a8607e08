"""Addresses of the alerts part of the API."""

from django.urls import path

from alerts.api import incidents, routes, rules, silences
from alerts.api.channels import ChannelDetail, ChannelList, ChannelTest
from alerts.api.deliveries import AlertDeliveryAgain, AlertDeliveryDetail, AlertDeliveryList

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
    path("incidents/<str:incident>/silence/", silences.IncidentSilence.as_view(), name="api_silence_incident"),
    path("channels/", ChannelList.as_view()),
    path("channels/<str:channel>/", ChannelDetail.as_view()),
    path("channels/<str:channel>/test/", ChannelTest.as_view()),
    path("alert-deliveries/", AlertDeliveryList.as_view()),
    path("alert-deliveries/<str:delivery>/", AlertDeliveryDetail.as_view()),
    path("alert-deliveries/<str:delivery>/send-again/", AlertDeliveryAgain.as_view()),
    path("alert-routes/", routes.RouteList.as_view(), name="api_alert_routes"),
    path("alert-routes/<str:route>/", routes.RouteDetail.as_view(), name="api_alert_route"),
    path("silences/", silences.SilenceList.as_view(), name="api_silences"),
    path("silences/<str:silence>/", silences.SilenceDetail.as_view(), name="api_silence"),
    path("alert-rules/", rules.RuleList.as_view(), name="api_alert_rules"),
    path("alert-rules/rehearse/", rules.NewRuleRehearsal.as_view(), name="api_rehearse_new_alert_rule"),
    path("alert-rules/<str:rule>/", rules.RuleDetail.as_view(), name="api_alert_rule"),
    path("alert-rules/<str:rule>/rehearse/", rules.RuleRehearsal.as_view(), name="api_rehearse_alert_rule"),
]
