from django.apps import AppConfig


class ReachConfig(AppConfig):
    name = "kaja.reach"
    label = "reach"
