"""`/w/<slug>/media/`, what is in it, and each file with its thumbnail."""

from django.urls import path

from kaja.web.media import views

app_name = "media"
urlpatterns = [
    path("", views.library, name="library"),
    path("<uuid:asset_id>", views.file, name="file"),
    path("<uuid:asset_id>/thumbnail", views.thumbnail, name="thumbnail"),
]
