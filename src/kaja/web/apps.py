from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "kaja.web"
    label = "web"
