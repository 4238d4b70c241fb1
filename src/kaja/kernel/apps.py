from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "kaja.kernel"
    label = "kernel"
