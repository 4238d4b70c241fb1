"""What the browser's worker keeps: files that are nobody's, under the names that carry their content.

Nothing of a workspace is ever among them (`static/js/worker/main.js` keeps this list and nothing else).
"""

import hashlib
import json
from importlib.metadata import version

from django.templatetags.static import static
from django.urls import reverse

FILES = (
    "css/tokens.css",
    "css/base.css",
    "css/controls.css",
    "css/frame.css",
    "css/blocks.css",
    "js/worker/offline.js",
    "favicon.svg",
    "marks.svg",
    "vendor/inter-latin.woff2",
    "vendor/inter-latin-ext.woff2",
    "vendor/inter-cyrillic.woff2",
)
"""All that the page without network is made of; `tests/web/app` holds that nothing is missing."""

SCRIPTS = ("js/worker/kept.js", "js/worker/push.js", "js/worker/main.js")
"""What the worker itself is made of, in this order."""


def render_worker() -> str:
    """The worker's beginning: what it keeps, and where the rest of it stands. It changes when any of that does."""
    offline, files = reverse("app:offline"), [static(name) for name in FILES]
    made_of = json.dumps([version("kaja"), offline, *files])
    shell: dict[str, object] = {"version": hashlib.sha256(made_of.encode()).hexdigest()[:16]}
    shell |= {"icon": static("app/icon-192.png"), "badge": static("app/badge-96.png")}
    shell |= {"share": reverse("app:take_share"), "offline": offline, "files": files}
    scripts = ", ".join(json.dumps(static(name)) for name in SCRIPTS)
    return f"self.SHELL = {json.dumps(shell)};\nimportScripts({scripts});\n"
