"""The JSON Schema of webhooks: `python -m kaja.outgoing.document > docs/api/webhooks.schema.json`."""

import json
import sys

from kaja.outgoing.events import render_schema


def render_document() -> str:
    """The document as text, the same on every machine."""
    return json.dumps(render_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render_document())
