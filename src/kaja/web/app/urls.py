"""Addresses of the application as a whole; they belong to no workspace."""

from django.urls import path

from kaja.web.app import views

app_name = "app"
urlpatterns = [
    path("manifest.webmanifest", views.manifest, name="manifest"),
    path("worker.js", views.worker, name="worker"),
    path("offline", views.offline, name="offline"),
    path("go/<slug:place>", views.go, name="go"),
]
