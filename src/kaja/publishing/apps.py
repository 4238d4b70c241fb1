from django.apps import AppConfig


class PublishingConfig(AppConfig):
    name = "kaja.publishing"
    label = "publishing"
