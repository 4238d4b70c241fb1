"""Settings, under `/w/<slug>/settings/`."""

from django.urls import path

from kaja.web.settings import members, networks, pages, person, webhooks

app_name = "settings"
urlpatterns = [
    path("", pages.workspace, name="workspace"),
    path("pause/", pages.pause, name="pause"),
    path("resume/", pages.resume, name="resume"),
    path("members/", members.index, name="members"),
    path("members/invite/", members.invite, name="invite"),
    path("members/<uuid:member_id>/role/", members.role, name="member_role"),
    path("members/<uuid:member_id>/remove/", members.remove, name="member_remove"),
    path("members/invitations/<uuid:invitation_id>/revoke/", members.revoke, name="invitation_revoke"),
    path("profile/", person.profile, name="profile"),
    path("security/", person.security, name="security"),
    path("tokens/", person.tokens, name="tokens"),
    path("webhooks/", webhooks.index, name="webhooks"),
    path("webhooks/new/", webhooks.create, name="new_webhook"),
    path("webhooks/<uuid:endpoint_id>/", webhooks.webhook, name="webhook"),
    path("webhooks/<uuid:endpoint_id>/do/", webhooks.do, name="do_webhook"),
    path("webhooks/again/<uuid:sending_id>/", webhooks.repeat, name="resend"),
    path("audit/", pages.audit, name="audit"),
    path("networks/", networks.index, name="networks"),
    path("networks/<slug:network>/", networks.network, name="network"),
    path("running/", pages.running, name="running"),
    path("running/look/", pages.look_now, name="look"),
    path("running/<uuid:untold_id>/tell/", pages.tell, name="tell_again"),
]
