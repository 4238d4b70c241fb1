"""Crisis mode, under `/w/<slug>/crisis/`."""

from django.urls import path

from kaja.web.crisis import conversations, ending, posts, statements, views

app_name = "crisis"
urlpatterns = [
    path("", views.index, name="list"),
    path("now", views.current, name="now"),
    path("new", views.start, name="start"),
    path("<uuid:crisis_id>/", views.page, name="page"),
    path("<uuid:crisis_id>/decide", views.decide, name="decide"),
    path("<uuid:crisis_id>/posts/", posts.page, name="posts"),
    path("<uuid:crisis_id>/posts/pause", posts.pause, name="pause"),
    path("<uuid:crisis_id>/statements/", statements.page, name="statements"),
    path("<uuid:crisis_id>/statements/write", statements.write, name="write"),
    path("<uuid:crisis_id>/statements/<uuid:statement_id>/do", statements.do, name="statement"),
    path("<uuid:crisis_id>/approvers", statements.approvers, name="approvers"),
    path("<uuid:crisis_id>/conversations/", conversations.page, name="conversations"),
    path("<uuid:crisis_id>/conversations/choose", conversations.choose, name="choose"),
    path("<uuid:crisis_id>/conversations/put", conversations.put, name="put"),
    path("<uuid:crisis_id>/end", ending.page, name="end"),
]
