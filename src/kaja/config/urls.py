"""Every address of the application."""

from django.urls import URLPattern, URLResolver, include, path

from kaja.api.main import api
from kaja.reach.views import answer_nonce

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("hooks/", include("kaja.hooks.urls")),
    path("files/", include("kaja.media.urls")),
    path("reach/<str:nonce>", answer_nonce, name="reach"),
    path("", include("kaja.web.urls")),
]

handler500 = "kaja.config.outage.server_error"
handler400 = "kaja.web.frame.views.show_bad_request"
handler403 = "kaja.web.frame.views.permission_denied"
handler404 = "kaja.web.frame.views.not_found"
