"""Channels, under `/w/<slug>/channels/`."""

from django.urls import path

from kaja.web.channels import connecting, consent, views

app_name = "channels"
urlpatterns = [
    path("", views.index, name="list"),
    path("connect/", connecting.choose, name="connect"),
    path("connect/<slug:network>/", connecting.connect, name="connect_network"),
    path("choose/<uuid:choice_id>/", consent.choose, name="choose"),
    path("connected/<slug:network>/", consent.callback, name="callback"),
    path("<uuid:channel_id>/", views.page, name="page"),
    path("<uuid:channel_id>/check/", views.check, name="check"),
    path("<uuid:channel_id>/follow/", views.follow, name="follow"),
    path("<uuid:channel_id>/reconnect/", connecting.reconnect, name="reconnect"),
    path("<uuid:channel_id>/disconnect/", views.disconnect, name="disconnect"),
]
