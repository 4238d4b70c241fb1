"""Addresses of the application as a whole; most belong to no workspace."""

from django.urls import path

from kaja.web.app import sharing, views, visiting

app_name = "app"
urlpatterns = [
    path("manifest.webmanifest", views.manifest, name="manifest"),
    path("worker.js", views.worker, name="worker"),
    path("offline", views.offline, name="offline"),
    path("visit", visiting.visit, name="visit"),
    path("share", sharing.take_share, name="take_share"),
    path("w/<slug:slug>/share", sharing.share, name="share"),
    path("go/<slug:place>", views.go, name="go"),
]
