"""The first visit, under `/welcome/`."""

from django.urls import path

from kaja.web.onboarding import views

app_name = "onboarding"
urlpatterns = [
    path("workspace/", views.workspace, name="workspace"),
    path("<slug:slug>/channel/", views.channel, name="channel"),
    path("<slug:slug>/practice/", views.practice, name="practice"),
    path("<slug:slug>/steps/", views.steps, name="steps"),
    path("<slug:slug>/steps/hide/", views.hide_steps, name="hide_steps"),
]
