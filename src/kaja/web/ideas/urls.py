"""`/w/<slug>/ideas`."""

from django.urls import path

from kaja.web.ideas import views

app_name = "ideas"
urlpatterns = [
    path("", views.board, name="board"),
    path("add", views.add, name="add"),
    path("<uuid:post_id>/move", views.move, name="move"),
]
