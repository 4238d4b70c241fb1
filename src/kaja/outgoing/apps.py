from django.apps import AppConfig


class OutgoingConfig(AppConfig):
    name = "kaja.outgoing"
    label = "outgoing"
