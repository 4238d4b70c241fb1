from django.apps import AppConfig

from kaja.kernel import lookups


class KernelConfig(AppConfig):
    name = "kaja.kernel"
    label = "kernel"

    def ready(self) -> None:
        lookups.register()
