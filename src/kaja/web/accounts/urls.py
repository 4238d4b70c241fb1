"""allauth's addresses under `/account/`."""

from django.urls import URLPattern, URLResolver, include, path

from kaja.web.accounts import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("invitation/<str:token>/", views.invitation, name="invitation"),
    path("", include("allauth.urls")),
]
