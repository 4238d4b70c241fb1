"""`/w/<slug>/calendar/`: the views, and what is done there."""

from django.urls import path

from kaja.web.calendar import bulk, slots, views

app_name = "calendar"
urlpatterns = [
    path("", views.index, name="index"),
    path("move", views.move, name="move"),
    path("bulk", bulk.bulk, name="bulk"),
    path("free", views.free_slots, name="free"),
    path("next-slot", views.next_slot, name="next_slot"),
    path("slots/<uuid:channel_id>", slots.change, name="slots"),
    path("slots/<uuid:channel_id>/copy", slots.copy, name="copy_slots"),
]
