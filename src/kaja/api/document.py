"""The OpenAPI document as it is committed: `python -m kaja.api.document > docs/api/openapi.json`."""

import json
import os
import sys


def render_document() -> str:
    """The document as text, the same on every machine."""
    from kaja.api.main import api

    return json.dumps(api.get_openapi_schema(), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kaja.config.settings")
    django.setup()
    sys.stdout.write(render_document())


if __name__ == "__main__":
    main()
