"""`python -m kaja.delivery.worker`."""

import os

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kaja.config.settings")
    django.setup()
    from kaja.delivery.worker.main import main

    main()
