"""`/w/<slug>/posts/<id>` and what can be done there."""

from django.urls import path

from kaja.web.post import binned, views

app_name = "post"
urlpatterns = [
    path("bin", binned.index, name="bin"),
    path("<uuid:post_id>", views.page, name="page"),
    path("<uuid:post_id>/journal/<uuid:delivery_id>", views.journal, name="journal"),
    path("<uuid:post_id>/duplicate", views.duplicate, name="duplicate"),
    path("<uuid:post_id>/delete", views.delete, name="delete"),
    path("<uuid:post_id>/restore", views.restore, name="restore"),
    path("<uuid:post_id>/unschedule", views.unschedule, name="unschedule"),
    path("<uuid:post_id>/publish", views.publish, name="publish"),
    path("<uuid:post_id>/network/<uuid:publication_id>", views.change_remote, name="change_remote"),
]
