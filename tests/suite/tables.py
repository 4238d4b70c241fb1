"""Which files decide how Kaja's tables look: models, migrations, and whatever these import, however far away.

What an app does when it is ready (subscribe to events, register checks) decides nothing about tables, so its `apps.py`
and what stands behind it is left out; `tests/house/test_template.py` holds that this is so.
"""

import re
from functools import cache
from pathlib import Path

import grimp

SOURCE = Path(__file__).resolve().parents[2] / "src"
DECIDE = re.compile(r"^kaja\.(\w+\.(models|migrations)\b|config\.settings$)")


@cache
def list_deciding() -> tuple[Path, ...]:
    graph = grimp.build_graph("kaja", cache_dir=None)
    waiting = [module for module in graph.modules if DECIDE.match(module)]
    found: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += graph.find_modules_directly_imported_by(module)
            # To import a module is to run its packages first.
            waiting += [module.rpartition(".")[0]] if "." in module else []
    return tuple(sorted(_file_of(module) for module in found))


def _file_of(module: str) -> Path:
    place = Path(SOURCE, *module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
