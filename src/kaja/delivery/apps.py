from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "kaja.delivery"
    label = "delivery"
