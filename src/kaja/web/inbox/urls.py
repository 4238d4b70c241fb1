"""The inbox, under `/w/<slug>/inbox/`."""

from django.urls import path

from kaja.web.inbox import answer, page, pictures, presence, saved, work

app_name = "inbox"
urlpatterns = [
    path("", page.index, name="list"),
    path("rows", page.rows, name="rows"),
    path("views", page.views, name="views"),
    path("work", work.work, name="work"),
    path("saved/", saved.index, name="saved"),
    path("saved/replies/", saved.save_reply, name="save_reply"),
    path("saved/replies/<uuid:saved_reply_id>/delete", saved.delete_reply, name="delete_reply"),
    path("saved/views/", saved.keep_view, name="keep_view"),
    path("saved/views/<uuid:view_id>/delete", saved.delete_view, name="delete_view"),
    path("channels/<uuid:channel_id>/picture", pictures.channel, name="channel_face"),
    path("people/<uuid:handle_id>/picture", pictures.face, name="face"),
    path("messages/<uuid:message_id>/pictures/<int:number>", pictures.picture, name="picture"),
    path("messages/<uuid:message_id>/act", answer.act, name="act"),
    path("messages/<uuid:message_id>/take-back", answer.take_back, name="take_back"),
    path("<uuid:conversation_id>/", page.conversation, name="conversation"),
    path("<uuid:conversation_id>/messages", page.messages, name="messages"),
    path("<uuid:conversation_id>/about", page.about, name="about"),
    path("<uuid:conversation_id>/presence", presence.presence, name="presence"),
    path("<uuid:conversation_id>/saved", saved.for_conversation, name="saved_for"),
    path("<uuid:conversation_id>/check", answer.check, name="check"),
    path("<uuid:conversation_id>/reply", answer.reply, name="reply"),
    path("<uuid:conversation_id>/note", answer.note, name="note"),
]
