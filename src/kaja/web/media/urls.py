"""`/w/<slug>/media/<id>` and its thumbnail."""

from django.urls import path

from kaja.web.media import views

app_name = "media"
urlpatterns = [
    path("<uuid:asset_id>", views.file, name="file"),
    path("<uuid:asset_id>/thumbnail", views.thumbnail, name="thumbnail"),
]
