"""Addresses of the application as a whole; most belong to no workspace."""

from django.urls import path

from kaja.web.app import devices, quiet, sharing, views, visiting

app_name = "app"
urlpatterns = [
    path("manifest.webmanifest", views.manifest, name="manifest"),
    path("worker.js", views.worker, name="worker"),
    path("offline", views.offline, name="offline"),
    path("visit", visiting.visit, name="visit"),
    path("share", sharing.take_share, name="take_share"),
    path("w/<slug:slug>/share", sharing.share, name="share"),
    path("visit/keep", devices.keep, name="keep_device"),
    path("w/<slug:slug>/settings/devices/", devices.devices, name="devices"),
    path("w/<slug:slug>/settings/devices/add", devices.add, name="add_device"),
    path("w/<slug:slug>/settings/devices/quiet", quiet.choose, name="choose_quiet"),
    path("w/<slug:slug>/settings/devices/<uuid:device_id>/kinds", devices.choose, name="choose_kinds"),
    path("w/<slug:slug>/settings/devices/<uuid:device_id>/test", devices.test, name="test_device"),
    path("w/<slug:slug>/settings/devices/<uuid:device_id>/remove", devices.remove, name="remove_device"),
    path("go/<slug:place>", views.go, name="go"),
]
