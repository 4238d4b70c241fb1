from django.apps import AppConfig


class KajaConfig(AppConfig):
    """Connects the domains when all of them are loaded."""

    name = "kaja.config"
    label = "kaja"

    def ready(self) -> None:
        from kaja.config.wiring import connect
        from kaja.kernel.outside import check_waiting, leave_database
        from kaja.networks.kit.http import watch_waiting

        watch_waiting(leave_database, check_waiting)
        connect()
