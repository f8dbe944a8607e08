"""Addresses of the pages of destinations, all under `/t/<team>/`. One line a view."""

from django.urls import path

from ingestion.views import destinations

urlpatterns = [
    path("destinations/", destinations.destinations, name="destinations"),
    path("destinations/add/", destinations.choose, name="choose_destination"),
    path("destinations/add/<slug:preset>/", destinations.add, name="add_destination"),
    path("destinations/<uuid:destination>/", destinations.destination, name="destination"),
    path("destinations/<uuid:destination>/test/", destinations.try_it, name="try_destination"),
    path("destinations/<uuid:destination>/switch/", destinations.switch, name="switch_destination"),
    path("destinations/<uuid:destination>/delete/", destinations.delete, name="delete_destination"),
]
