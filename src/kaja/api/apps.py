from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "kaja.api"
    label = "api"
