from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "kaja.inbox"
    label = "inbox"
