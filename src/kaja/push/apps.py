from django.apps import AppConfig


class PushConfig(AppConfig):
    name = "kaja.push"
    label = "push"
