"""One server of Swift: `python part.py KIND CONFIG`. Swift itself looks for its settings in /etc/swift only."""

import importlib
import sys
from pathlib import Path

import eventlet.hubs

# Chosen before anything of Swift is loaded, as its own entry points do.
eventlet.hubs.use_hub("poll")

from swift.common import utils  # noqa: E402
from swift.common.wsgi import run_wsgi  # noqa: E402

APPS = {"proxy": "proxy", "account": "account", "container": "container", "object": "obj"}


def main(kind: str, config: str) -> int:
    utils.set_swift_dir(str(Path(config).parent))
    importlib.import_module(f"swift.{APPS[kind]}.server")
    options = {"global_conf_callback": importlib.import_module("swift.obj.server").global_conf_callback}
    return int(run_wsgi(config, f"{kind}-server", **(options if kind == "object" else {})) or 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
