from django.apps import AppConfig


class ContentConfig(AppConfig):
    name = "kaja.content"
    label = "content"
