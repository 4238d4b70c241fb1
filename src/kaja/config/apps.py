from django.apps import AppConfig


class KajaConfig(AppConfig):
    """Connects the domains when all of them are loaded."""

    name = "kaja.config"
    label = "kaja"

    def ready(self) -> None:
        from kaja.config.wiring import connect

        connect()
