"""The settlement of a held workspace, under `/w/<slug>/settle/`."""

from django.urls import path

from kaja.web.settling import views

app_name = "settling"
urlpatterns = [
    path("", views.page, name="page"),
    path("decide/", views.decide, name="decide"),
    path("look/", views.look, name="look"),
]
