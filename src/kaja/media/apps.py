from django.apps import AppConfig


class MediaConfig(AppConfig):
    name = "kaja.media"
    label = "media"
