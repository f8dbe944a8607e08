"""Addresses of alerts, all under `/t/<team>/`. One line a view."""

from django.urls import path

from alerts.views import channel, channels, deliveries

urlpatterns = [
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
