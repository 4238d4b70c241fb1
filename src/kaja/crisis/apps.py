from django.apps import AppConfig


class CrisisConfig(AppConfig):
    name = "kaja.crisis"
    label = "crisis"
