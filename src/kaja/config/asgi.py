"""The ASGI entry point."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kaja.config.settings")
django.setup(set_prefix=False)

from kaja.config.bodies.application import Application  # noqa: E402 - models are loaded first

application = Application()
