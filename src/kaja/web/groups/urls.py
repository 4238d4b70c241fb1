"""`/w/<slug>/groups/`: campaigns and labels."""

from django.urls import path

from kaja.web.groups import views

app_name = "groups"
urlpatterns = [
    path("campaigns/", views.campaigns, name="campaigns"),
    path("campaigns/new", views.create, name="create_campaign"),
    path("campaigns/<uuid:campaign_id>", views.campaign, name="campaign"),
    path("campaigns/<uuid:campaign_id>/archive", views.archive, name="archive_campaign"),
    path("labels/", views.labels, name="labels"),
    path("labels/<uuid:label_id>", views.label, name="label"),
]
