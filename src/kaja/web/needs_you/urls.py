"""What waits for a person, under `/w/<slug>/needs-you/`."""

from django.urls import path

from kaja.web.needs_you import views

app_name = "needs_you"
urlpatterns = [
    path("", views.index, name="list"),
    path("deliveries/<uuid:delivery_id>/", views.settle, name="settle"),
    path("deliveries/<uuid:delivery_id>/journal/", views.journal, name="journal"),
    path("notices/read/", views.read_all, name="read_notices"),
    path("notices/<uuid:notice_id>/read/", views.read, name="read_notice"),
]
