from django.apps import AppConfig


class ReadingConfig(AppConfig):
    name = "kaja.reading"
    label = "reading"
