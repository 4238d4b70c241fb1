"""Addresses that networks call. One per network and installation: none names a workspace."""

from django.urls import path

from kaja.hooks.views import receive

app_name = "hooks"
urlpatterns = [path("<slug:network>", receive, name="receive")]
