"""The addresses of the screen. Each area has its own `urls.py`; workspace pages live under `/w/<slug>/`."""

from django.urls import URLPattern, URLResolver, include, path

from kaja.web.channels.consent import back
from kaja.web.feeds import FEEDS
from kaja.web.frame import views as frame
from kaja.web.inbox.feed import InboxFeed
from kaja.web.kit.undo import undo
from kaja.web.live import live

W = "w/<slug:slug>/"
FEEDS["inbox"] = InboxFeed()

urlpatterns: list[URLPattern | URLResolver] = [
    path("", frame.home, name="home"),
    path("ui", frame.ui, name="ui"),
    path("", include("kaja.web.app.urls")),
    path("welcome/", include("kaja.web.onboarding.urls")),
    path("connect/<slug:network>/back", back, name="consent_back"),
    path("account/", include("kaja.web.accounts.urls")),
    path(W, frame.workspace_home, name="workspace"),
    path(f"{W}live", live, name="live"),
    path(f"{W}counts", frame.counts, name="counts"),
    path(f"{W}undo/<uuid:key>", undo, name="undo"),
    path(f"{W}find/", include(([path("", frame.palette, name="palette")], "frame"))),
    path(f"{W}channels/", include("kaja.web.channels.urls")),
    path(W, include("kaja.web.inboxdesk.urls")),
    path(f"{W}settings/", include("kaja.web.settings.urls")),
    path(f"{W}needs-you/", include("kaja.web.needs_you.urls")),
    path(f"{W}settle/", include("kaja.web.settling.urls")),
    path(f"{W}crisis/", include("kaja.web.crisis.urls")),
    path(f"{W}calendar/", include("kaja.web.calendar.urls")),
    path(f"{W}groups/", include("kaja.web.groups.urls")),
    path(f"{W}posts/", include("kaja.web.composer.urls")),
    path(f"{W}posts/", include("kaja.web.post.urls")),
    path(f"{W}ideas/", include("kaja.web.ideas.urls")),
    path(f"{W}inbox/", include("kaja.web.inbox.urls")),
    path(f"{W}media/", include("kaja.web.media.urls")),
]
