from django.apps import AppConfig


class HooksConfig(AppConfig):
    name = "kaja.hooks"
    label = "hooks"
