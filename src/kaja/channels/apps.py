from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    name = "kaja.channels"
    label = "channels"
