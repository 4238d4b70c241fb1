"""Addresses for networks that fetch files by themselves. None names a workspace."""

from django.urls import path, register_converter

from kaja.media.views import fetch


class Token:
    """What `links.seal_link` writes."""

    regex = r"[A-Za-z0-9_-]{40,1000}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Token, "link_token")
app_name = "files"
urlpatterns = [path("<link_token:token>.<slug:ending>", fetch, name="fetch")]
