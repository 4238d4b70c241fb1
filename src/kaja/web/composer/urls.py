"""`/w/<slug>/posts/new` and `/w/<slug>/posts/<id>/edit`, and what the page asks while somebody writes."""

from django.urls import path

from kaja.web.composer import history, parts, views

app_name = "composer"
urlpatterns = [
    path("new", views.new, name="new"),
    path("check", views.check, name="check"),
    path("save", views.save, name="save"),
    path("finish", views.finish, name="finish"),
    path("cut", parts.cut, name="cut"),
    path("upload", parts.upload, name="upload"),
    path("card", parts.card, name="card"),
    path("<uuid:post_id>/edit", views.edit, name="edit"),
    path("<uuid:post_id>/history", history.history, name="history"),
    path("<uuid:post_id>/history/<int:number>", history.version, name="version"),
    path("<uuid:post_id>/history/<int:number>/restore", history.restore, name="restore"),
]
