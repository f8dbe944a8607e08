"""Addresses of the alerts part of the API."""

from django.urls import path

from alerts.api.channels import ChannelDetail, ChannelList, ChannelTest
from alerts.api.deliveries import AlertDeliveryAgain, AlertDeliveryDetail, AlertDeliveryList

urlpatterns = [
    path("channels/", ChannelList.as_view()),
    path("channels/<str:channel>/", ChannelDetail.as_view()),
    path("channels/<str:channel>/test/", ChannelTest.as_view()),
    path("alert-deliveries/", AlertDeliveryList.as_view()),
    path("alert-deliveries/<str:delivery>/", AlertDeliveryDetail.as_view()),
    path("alert-deliveries/<str:delivery>/send-again/", AlertDeliveryAgain.as_view()),
]
