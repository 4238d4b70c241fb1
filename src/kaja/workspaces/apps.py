from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    name = "kaja.workspaces"
    label = "workspaces"
