"""Addresses of alerts, all under `/t/<team>/`. One line a view."""

from django.urls import path

from alerts.views import (
    channel,
    channels,
    deliveries,
    incident_page,
    incidents,
    operations,
    routes,
    silences,
)

urlpatterns = [
    path("operations/", operations.operations, name="operations"),
    path("operations/live/", operations.live, name="operations_live"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/acknowledge/", incidents.acknowledge_many, name="acknowledge_incidents"),
    path("incidents/<uuid:incident>/", incident_page.incident, name="incident"),
    path("incidents/<uuid:incident>/acknowledge/", incident_page.acknowledge_one, name="acknowledge_incident"),
    path("incidents/<uuid:incident>/note/", incident_page.write_note, name="note_incident"),
    path("incidents/<uuid:incident>/resolve/", incident_page.resolve_one, name="resolve_incident"),
    path("incidents/<uuid:incident>/improvement/", incident_page.link, name="link_incident"),
    path("incidents/<uuid:incident>/silence/", incident_page.silence, name="silence_incident"),
    path("alerts/", incidents.alerts, name="alerts"),
    path("alerts/routes/", routes.routes, name="routes"),
    path("alerts/routes/new/", routes.add_route, name="add_route"),
    path("alerts/routes/<uuid:route>/", routes.route, name="route"),
    path("alerts/routes/<uuid:route>/move/", routes.move, name="move_route"),
    path("alerts/routes/<uuid:route>/remove/", routes.remove, name="remove_route"),
    path("alerts/silences/", silences.silences, name="silences"),
    path("alerts/silences/<uuid:silence>/end/", silences.end, name="end_silence"),
    path("alerts/channels/", channels.channels, name="channels"),
    path("alerts/channels/new/", channels.choose_channel, name="choose_channel"),
    path("alerts/channels/new/<slug:kind>/", channels.add_channel, name="add_channel"),
    path("alerts/channels/<uuid:channel>/", channel.channel, name="channel"),
    path("alerts/channels/<uuid:channel>/test/", channel.test_channel, name="test_channel"),
    path("alerts/channels/<uuid:channel>/switch/", channel.switch_channel, name="switch_channel"),
    path("alerts/channels/<uuid:channel>/secret/", channel.change_channel_secret, name="change_channel_secret"),
    path("alerts/channels/<uuid:channel>/remove/", channel.remove_channel, name="remove_channel"),
    path("alerts/deliveries/", deliveries.alert_deliveries, name="alert_deliveries"),
    path("alerts/deliveries/again/", deliveries.send_all_again, name="send_all_deliveries_again"),
    path("alerts/deliveries/<uuid:delivery>/", deliveries.alert_delivery, name="alert_delivery"),
    path("alerts/deliveries/<uuid:delivery>/again/", deliveries.send_delivery_again, name="send_delivery_again"),
]
